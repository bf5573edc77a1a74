#include "server/engine/kernels/along_axis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace rectifier::kernels {
namespace {

using ::testing::ElementsAre;

template <typename T>
std::vector<T> Take(const AxisView& view, const std::vector<int64_t>& indices,
                    const std::vector<T>& x) {
  std::vector<T> y(static_cast<size_t>(view.outer * view.inner) * indices.size(), T{99});
  TakeAlongAxis(view, indices, sizeof(T), reinterpret_cast<std::byte*>(y.data()),
                reinterpret_cast<const std::byte*>(x.data()));
  return y;
}

std::vector<float> Resampled(const AxisView& view, const Resampling& resampling,
                             const std::vector<float>& x) {
  std::vector<float> y(static_cast<size_t>(view.outer * view.inner) * resampling.taps.size(), 99);
  ResampleAxis(view, resampling, y.data(), x.data());
  return y;
}

TEST(AlongAxisTest, TakesInTheOrderOfTheIndices) {
  EXPECT_THAT(Take<int32_t>({1, 3, 1}, {2, 0, 0, 1}, {7, 8, 9}), ElementsAre(9, 7, 7, 8));
}

TEST(AlongAxisTest, TakesWholeInnerBlocksOfEveryOuterOne) {
  EXPECT_THAT(Take<uint8_t>({2, 2, 3}, {1}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}),
              ElementsAre(4, 5, 6, 10, 11, 12));
}

TEST(AlongAxisTest, CountsIndicesBelow0FromTheEnd) {
  EXPECT_THAT(Take<int64_t>({1, 3, 1}, {-1, -3}, {7, 8, 9}), ElementsAre(9, 7));
}

TEST(AlongAxisTest, GivesZerosForIndicesThatLieOutside) {
  EXPECT_THAT(Take<int32_t>({1, 3, 1}, {3, -4, INT64_MAX, INT64_MIN, 1}, {7, 8, 9}),
              ElementsAre(0, 0, 0, 0, 8));
  EXPECT_THAT(Take<int32_t>({2, 0, 2}, {0}, {}), ElementsAre(0, 0, 0, 0));
}

TEST(AlongAxisTest, AddsUpWeightedTaps) {
  const Resampling resampling{{{{0, 1.0F}}, {{0, 0.5F}, {1, 0.5F}}, {{1, 2.0F}, {0, -1.0F}}}, 0};
  EXPECT_THAT(Resampled({1, 2, 1}, resampling, {10, 20}), ElementsAre(10, 15, 30));
  EXPECT_THAT(Resampled({2, 2, 2}, {{{{1, 0.5F}}}, 0}, {1, 2, 3, 4, 5, 6, 7, 8}),
              ElementsAre(1.5F, 2, 3.5F, 4));
}

TEST(AlongAxisTest, APositionWithoutTapsIsOutside) {
  EXPECT_THAT(Resampled({1, 2, 2}, {{{}, {{1, 1.0F}}}, 7.0F}, {1, 2, 3, 4}),
              ElementsAre(7, 7, 3, 4));
}

}  // namespace
}  // namespace rectifier::kernels
