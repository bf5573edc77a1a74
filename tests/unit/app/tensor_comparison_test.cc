#include "server/app/tensor_comparison.h"

#include <gtest/gtest.h>

#include <limits>

namespace rectifier {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TensorDifference Compare(const std::vector<float>& got, const std::vector<float>& want) {
  const Shape shape{static_cast<int64_t>(got.size())};
  return CompareTensors(Tensor::From<float>(shape, got).view(),
                        Tensor::From<float>(shape, want).view(), 0.01, 0.5);
}

TEST(TensorComparisonTest, AllowsBothTolerancesTogether) {
  const TensorDifference difference = Compare({101.5F, 0.5F, -3}, {100, 0, -3});
  EXPECT_EQ(difference.beyond, 0);
  EXPECT_EQ(difference.largest, 1.5);
}

TEST(TensorComparisonTest, TellsTheFirstElementBeyond) {
  const TensorDifference difference = Compare({1, 2, 9}, {1, 1, 1});
  EXPECT_EQ(difference.beyond, 2);
  EXPECT_EQ(difference.first_beyond, 1);
  EXPECT_EQ(difference.got, 2);
  EXPECT_EQ(difference.want, 1);
  EXPECT_EQ(difference.largest, 8);
}

TEST(TensorComparisonTest, NanIsNanAndAnInfinityItself) {
  EXPECT_EQ(Compare({kNan, kInf, -kInf}, {kNan, kInf, -kInf}).beyond, 0);
  EXPECT_EQ(Compare({kNan}, {1}).beyond, 1);
  EXPECT_EQ(Compare({1}, {kNan}).beyond, 1);
  EXPECT_EQ(Compare({1e30F}, {kInf}).beyond, 1);
  EXPECT_EQ(Compare({-kInf}, {kInf}).beyond, 1);
}

TEST(TensorComparisonTest, ComparesIntegersToo) {
  const std::vector<int64_t> got = {1, 2};
  const std::vector<int64_t> want = {1, 5};
  const TensorDifference difference =
      CompareTensors(Tensor::From<int64_t>(Shape{2}, got).view(),
                     Tensor::From<int64_t>(Shape{2}, want).view(), 0, 0);
  EXPECT_EQ(difference.beyond, 1);
  EXPECT_EQ(difference.largest, 3);
}

}  // namespace
}  // namespace rectifier
