#include "server/engine/kernels/lp_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace rectifier::kernels {
namespace {

using ::testing::FloatEq;
using ::testing::Pointwise;

std::vector<float> Pooled(const LpPool& pool, const std::vector<float>& x) {
  size_t size = static_cast<size_t>(pool.samples * pool.channels);
  for (const int64_t dim : pool.output) size *= static_cast<size_t>(dim);
  std::vector<float> y(size, 99);
  PoolLp(pool, y.data(), x.data());
  return y;
}

LpPool Windows(int64_t input, int64_t output, int64_t kernel) {
  return {.samples = 1,
          .channels = 1,
          .input = {input},
          .output = {output},
          .kernel = {kernel},
          .strides = {1},
          .dilations = {1},
          .pads_begin = {0}};
}

TEST(LpPoolTest, TakesTheRootOfTheSumOfPowers) {
  LpPool pool = Windows(3, 2, 2);
  EXPECT_THAT(Pooled(pool, {-3, 4, 0}), Pointwise(FloatEq(), std::vector<float>{5, 4}));
  pool.p = 1;
  EXPECT_THAT(Pooled(pool, {-3, 4, 0}), Pointwise(FloatEq(), std::vector<float>{7, 4}));
  pool.p = 3;
  EXPECT_THAT(Pooled(pool, {-3, -4, 5}),
              Pointwise(FloatEq(), std::vector<float>{4.4979415F, 5.738794F}));
}

TEST(LpPoolTest, ChannelsAndSamplesAreApart) {
  LpPool pool = Windows(2, 1, 2);
  pool.samples = 2;
  pool.channels = 2;
  EXPECT_THAT(Pooled(pool, {3, 5, 4, 12, 0, 8, 7, 6}),
              Pointwise(FloatEq(), std::vector<float>{5, 13, 7, 10}));
}

TEST(LpPoolTest, PaddingAddsNothing) {
  LpPool pool = Windows(2, 3, 2);
  pool.pads_begin = {1};
  EXPECT_THAT(Pooled(pool, {3, 4}), Pointwise(FloatEq(), std::vector<float>{3, 5, 4}));
}

TEST(LpPoolTest, StepsAndHolesAreWalkedInEveryDimension) {
  LpPool pool = Windows(3, 1, 2);
  pool.input = {3, 4};
  pool.output = {1, 2};
  pool.kernel = {2, 1};
  pool.strides = {1, 3};
  pool.dilations = {2, 1};
  pool.pads_begin = {0, 0};
  EXPECT_THAT(Pooled(pool, {3, 9, 9, 5, 9, 9, 9, 9, 4, 9, 9, 12}),
              Pointwise(FloatEq(), std::vector<float>{5, 13}));
}

}  // namespace
}  // namespace rectifier::kernels
