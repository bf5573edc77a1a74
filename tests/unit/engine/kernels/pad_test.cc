#include "server/engine/kernels/pad.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

namespace rectifier::kernels {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

std::vector<float> Padded(const Padding& padding, const std::vector<float>& x, float value) {
  const auto [depth, height, width] = padding.output;
  std::vector<float> y(
      static_cast<size_t>(padding.samples * depth * height * width * padding.channels), 99);
  Pad(padding, y.data(), x.data(), value);
  return y;
}

TEST(PadTest, PutsTheValueAroundEachSample) {
  const Padding padding{
      .samples = 2, .channels = 1, .input = {1, 2, 2}, .output = {1, 3, 4}, .begin = {0, 1, 1}};
  EXPECT_THAT(Padded(padding, {1, 2, 3, 4, 5, 6, 7, 8}, -1),
              ElementsAre(-1, -1, -1, -1, -1, 1, 2, -1, -1, 3, 4, -1,  //
                          -1, -1, -1, -1, -1, 5, 6, -1, -1, 7, 8, -1));
}

TEST(PadTest, KeepsTheChannelsOfAPositionTogether) {
  const Padding padding{
      .samples = 1, .channels = 3, .input = {1, 1, 2}, .output = {1, 1, 4}, .begin = {0, 0, 1}};
  EXPECT_THAT(Padded(padding, {1, 2, 3, 4, 5, 6}, 0),
              ElementsAre(0, 0, 0, 1, 2, 3, 4, 5, 6, 0, 0, 0));
}

TEST(PadTest, PadsThreeDimensionsInParts) {
  const Padding padding{.samples = 3,
                        .channels = 5,
                        .input = {20, 19, 18},
                        .output = {23, 24, 25},
                        .begin = {2, 0, 3}};
  std::vector<float> x(static_cast<size_t>(3 * 5 * 20 * 19 * 18));
  std::iota(x.begin(), x.end(), 1.0F);
  const std::vector<float> y = Padded(padding, x, 0.5F);
  std::vector<float> inside;
  std::vector<float> around;
  for (size_t i = 0; i < y.size(); ++i) {
    const size_t position = i / 5;
    const size_t w = position % 25;
    const size_t h = position / 25 % 24;
    const size_t d = position / 25 / 24 % 23;
    const bool is_inside = d >= 2 && d < 22 && h < 19 && w >= 3 && w < 21;
    (is_inside ? inside : around).push_back(y[i]);
  }
  EXPECT_EQ(inside, x);
  EXPECT_THAT(around, Each(0.5F));
}

TEST(PadTest, OfAnEmptyInputIsTheValueAlone) {
  const Padding padding{
      .samples = 1, .channels = 2, .input = {1, 0, 3}, .output = {1, 1, 3}, .begin = {0, 1, 0}};
  EXPECT_THAT(Padded(padding, {}, -std::numeric_limits<float>::infinity()),
              Each(-std::numeric_limits<float>::infinity()));
}

}  // namespace
}  // namespace rectifier::kernels
