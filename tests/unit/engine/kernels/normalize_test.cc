#include "server/engine/kernels/normalize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace rectifier::kernels {
namespace {

using ::testing::FloatEq;
using ::testing::FloatNear;
using ::testing::Pointwise;

std::vector<float> Normalized(const GroupNormalization& shape, std::vector<float> x,
                              const std::vector<float>& scale, const std::vector<float>& bias) {
  std::vector<double> scratch(static_cast<size_t>(2 * shape.channels), 99);
  NormalizeGroups(shape, x.data(), x.data(), scale.data(), bias.data(), nullptr, scratch.data());
  return x;
}

TEST(NormalizeGroupsTest, EveryGroupOfEverySampleGetsMean0AndVariance1) {
  GroupNormalization shape{.samples = 2, .channels = 2, .positions = 2, .groups = 2};
  const std::vector<float> x = {1, 3, 10, 30, -1, -5, 7, 7};
  shape.epsilon = 1e-12F;
  EXPECT_THAT(Normalized(shape, x, {1, 1}, {0, 0}),
              Pointwise(FloatNear(1e-5F), std::vector<float>{-1, 1, -1, 1, 1, -1, 0, 0}));
}

TEST(NormalizeGroupsTest, ScalesAndShiftsEveryChannelOrEveryGroup) {
  GroupNormalization shape{.samples = 1, .channels = 4, .positions = 1, .groups = 2};
  const std::vector<float> x = {1, 3, 10, 30};
  EXPECT_THAT(Normalized(shape, x, {1, 2, 3, 4}, {10, 20, 30, 40}),
              Pointwise(FloatEq(), std::vector<float>{9, 22, 27, 44}));
  shape.scale_per_group = true;
  EXPECT_THAT(Normalized(shape, x, {1, 2}, {10, 20}),
              Pointwise(FloatEq(), std::vector<float>{9, 11, 18, 22}));
}

TEST(NormalizeGroupsTest, ChannelsMayLieLast) {
  GroupNormalization shape{
      .samples = 1, .channels = 2, .positions = 2, .groups = 2, .channels_last = true};
  EXPECT_THAT(Normalized(shape, {1, 10, 3, 30}, {1, 2}, {0, 5}),
              Pointwise(FloatEq(), std::vector<float>{-1, 3, 1, 7}));
}

TEST(NormalizeGroupsTest, ALargeMeanCostsNoAccuracy) {
  GroupNormalization shape{.samples = 1, .channels = 1, .positions = 4, .groups = 1};
  EXPECT_THAT(Normalized(shape, {4e6F, 4e6F + 1, 4e6F + 2, 4e6F + 3}, {std::sqrt(1.25F)}, {0}),
              Pointwise(FloatEq(), std::vector<float>{-1.5F, -0.5F, 0.5F, 1.5F}));
}

TEST(NormalizeLayerTest, GivesTheMeanAndTheInverseDeviationOfEveryRow) {
  const LayerNormalization shape{.rows = 2, .size = 2, .epsilon = 3};
  const std::vector<float> x = {1, 3, 10, 12};
  const std::vector<float> scale = {1, 2};
  const std::vector<float> bias = {0, 5};
  std::vector<float> y(4);
  std::vector<float> mean(2);
  std::vector<float> inverse(2);
  NormalizeLayer(shape, y.data(), x.data(), scale.data(), bias.data(), mean.data(), inverse.data());
  EXPECT_THAT(y, Pointwise(FloatEq(), std::vector<float>{-0.5F, 6, -0.5F, 6}));
  EXPECT_THAT(mean, Pointwise(FloatEq(), std::vector<float>{2, 11}));
  EXPECT_THAT(inverse, Pointwise(FloatEq(), std::vector<float>{0.5F, 0.5F}));
}

TEST(NormalizeLayerTest, DoesWithoutABiasAndStatistics) {
  const LayerNormalization shape{.rows = 1, .size = 2, .epsilon = 3};
  std::vector<float> x = {1, 3};
  const std::vector<float> scale = {1, 2};
  NormalizeLayer(shape, x.data(), x.data(), scale.data(), nullptr, nullptr, nullptr);
  EXPECT_THAT(x, Pointwise(FloatEq(), std::vector<float>{-0.5F, 1}));
}

TEST(NormalizeLayerTest, RowsWithoutElementsHaveStatisticsThatAreNoNumbers) {
  const LayerNormalization shape{.rows = 2, .size = 0, .epsilon = 1};
  std::vector<float> mean(2, 7);
  std::vector<float> inverse(2, 7);
  NormalizeLayer(shape, nullptr, nullptr, nullptr, nullptr, mean.data(), inverse.data());
  for (const float value : mean) EXPECT_TRUE(std::isnan(value));
  for (const float value : inverse) EXPECT_TRUE(std::isnan(value));
}

}  // namespace
}  // namespace rectifier::kernels
