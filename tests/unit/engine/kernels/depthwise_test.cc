#include "server/engine/kernels/depthwise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace rectifier::kernels {
namespace {

using ::testing::ElementsAre;

// One channel along the width, so that the arithmetic can be followed.
DepthwiseConvolution Line(int64_t input, int64_t output, int64_t kernel) {
  DepthwiseConvolution shape;
  shape.samples = 1;
  shape.channels = 1;
  shape.input = {1, input};
  shape.output = {1, output};
  shape.kernel = {1, kernel};
  shape.strides = {1, 1};
  shape.dilations = {1, 1};
  return shape;
}

std::vector<float> Convolved(const DepthwiseConvolution& shape, const std::vector<float>& x,
                             const std::vector<float>& weights, const float* bias = nullptr,
                             const float* slopes = nullptr) {
  std::vector<float> y(
      static_cast<size_t>(shape.samples * shape.output[0] * shape.output[1] * shape.channels), -1);
  ConvolveDepthwise(shape, y.data(), x.data(), weights.data(), bias, slopes);
  return y;
}

TEST(ConvolveDepthwiseTest, HolesLieBetweenTheTaps) {
  DepthwiseConvolution shape = Line(5, 1, 3);
  shape.dilations = {1, 2};
  EXPECT_THAT(Convolved(shape, {1, 2, 3, 4, 5}, {1, 10, 100}), ElementsAre(1 + 30 + 500));
}

TEST(ConvolveDepthwiseTest, TapsInThePaddingCountNothingAtEitherEnd) {
  DepthwiseConvolution shape = Line(3, 5, 3);
  shape.pads_begin = {0, 2};
  EXPECT_THAT(Convolved(shape, {1, 2, 3}, {1, 10, 100}), ElementsAre(100, 210, 321, 32, 3));
}

TEST(ConvolveDepthwiseTest, AWindowThatSeesOnlyPaddingGivesTheBias) {
  DepthwiseConvolution shape = Line(1, 2, 2);
  shape.dilations = {1, 3};
  shape.strides = {1, 5};
  shape.pads_begin = {0, 4};
  const float bias = 7;
  EXPECT_THAT(Convolved(shape, {1}, {1, 10}, &bias), ElementsAre(7, 7));
}

// 45 channels: a block of 32, one of 8, and five alone.
TEST(ConvolveDepthwiseTest, EveryChannelHasItsOwnFilterBiasAndSlope) {
  DepthwiseConvolution shape = Line(2, 1, 2);
  shape.channels = 45;
  std::vector<float> x;
  std::vector<float> weights;
  std::vector<float> bias;
  std::vector<float> slopes;
  for (int position = 0; position < 2; ++position) {
    for (int c = 0; c < 45; ++c) {
      x.push_back(static_cast<float>(c + 100 * position));
      weights.push_back(static_cast<float>(c % 2 == 0 ? position + 1 : -position - 1));
    }
  }
  for (int c = 0; c < 45; ++c) {
    bias.push_back(static_cast<float>(c) / 2);
    slopes.push_back(static_cast<float>(c) / 4);
  }
  const std::vector<float> y = Convolved(shape, x, weights, bias.data(), slopes.data());
  for (int c = 0; c < 45; ++c) {
    const float sign = c % 2 == 0 ? 1.0F : -1.0F;
    const float sum = static_cast<float>(c) / 2 + sign * static_cast<float>(c + 2 * (c + 100));
    EXPECT_EQ(y[static_cast<size_t>(c)], sum > 0 ? sum : static_cast<float>(c) / 4 * sum) << c;
  }
}

}  // namespace
}  // namespace rectifier::kernels
