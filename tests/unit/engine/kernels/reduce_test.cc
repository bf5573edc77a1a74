#include "server/engine/kernels/reduce.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace rectifier::kernels {
namespace {

using ::testing::ElementsAre;

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

template <typename T>
constexpr DType kType = std::is_same_v<T, float>     ? DType::kFloat32
                        : std::is_same_v<T, int32_t> ? DType::kInt32
                                                     : DType::kInt64;

size_t Product(const std::vector<int64_t>& dims) {
  size_t product = 1;
  for (const int64_t dim : dims) product *= static_cast<size_t>(dim);
  return product;
}

template <typename T>
std::vector<T> Reduced(std::string_view op, const Reduction& reduction, const std::vector<T>& x) {
  std::vector<T> y(Product(reduction.kept), T{99});
  FindReduction(op, kType<T>)(reduction, reinterpret_cast<std::byte*>(y.data()),
                              reinterpret_cast<const std::byte*>(x.data()));
  return y;
}

// Of all elements of a list.
template <typename T>
T Whole(std::string_view op, const std::vector<T>& x) {
  return Reduced<T>(op, {{}, {}, {static_cast<int64_t>(x.size())}, {1}}, x)[0];
}

TEST(ReduceTest, ReducesAlongEitherDimension) {
  const std::vector<float> x = {1, 2, 3, 4, 5, 6};  // [2, 3]
  EXPECT_THAT(Reduced<float>("ReduceSum", {{2}, {3}, {3}, {1}}, x), ElementsAre(6, 15));
  EXPECT_THAT(Reduced<float>("ReduceSum", {{3}, {1}, {2}, {3}}, x), ElementsAre(5, 7, 9));
  EXPECT_THAT(Reduced<float>("ReduceMax", {{}, {}, {2, 3}, {3, 1}}, x), ElementsAre(6));
  EXPECT_THAT(Reduced<float>("ReduceSum", {{2, 3}, {3, 1}, {}, {}}, x),
              ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(ReduceTest, WritesRowMajorWhateverTheLayoutOfX) {
  const std::vector<float> x = {1, 4, 2, 5, 3, 6};  // [2, 3], the first dimension innermost
  EXPECT_THAT(Reduced<float>("ReduceSum", {{2}, {1}, {3}, {2}}, x), ElementsAre(6, 15));
  EXPECT_THAT(Reduced<float>("ReduceSum", {{2, 3}, {1, 2}, {}, {}}, x),
              ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(ReduceTest, SumsOfFloatsAreKeptInDouble) {
  std::vector<float> x(20001, 1e-4F);
  x[0] = 1e8F;
  x.push_back(-1e8F);
  EXPECT_NEAR(Whole<float>("ReduceSum", x), 2.0, 1e-3);
  EXPECT_NEAR(Whole<float>("ReduceMean", x), 1e-4, 1e-6);
}

TEST(ReduceTest, HasEveryKind) {
  const std::vector<float> x = {1, -2, 2};
  EXPECT_FLOAT_EQ(Whole<float>("ReduceL1", x), 5);
  EXPECT_FLOAT_EQ(Whole<float>("ReduceL2", x), 3);
  EXPECT_FLOAT_EQ(Whole<float>("ReduceLogSum", {1, 2}), std::log(3.0F));
  EXPECT_FLOAT_EQ(Whole<float>("ReduceLogSumExp", {1000, 1000}), 1000 + std::log(2.0F));
  EXPECT_FLOAT_EQ(Whole<float>("ReduceMin", x), -2);
  EXPECT_FLOAT_EQ(Whole<float>("ReduceProd", x), -4);
  EXPECT_FLOAT_EQ(Whole<float>("ReduceSumSquare", x), 9);
  EXPECT_EQ(FindReduction("ReduceMedian", DType::kFloat32), nullptr);
  EXPECT_EQ(FindReduction("ReduceSum", DType::kUInt8), nullptr);
}

TEST(ReduceTest, NanIsTheLargestAndTheSmallest) {
  EXPECT_TRUE(std::isnan(Whole<float>("ReduceMax", {1, kNan, 2})));
  EXPECT_TRUE(std::isnan(Whole<float>("ReduceMin", {1, 2, kNan})));
  EXPECT_TRUE(std::isnan(Whole<float>("ReduceLogSumExp", {kNan, 2})));
  EXPECT_EQ(Whole<float>("ReduceLogSumExp", {-kInf, -kInf}), -kInf);
  EXPECT_EQ(Whole<float>("ReduceLogSumExp", {kInf, 1}), kInf);
}

TEST(ReduceTest, OfNothingGivesWhatItBeginsWith) {
  EXPECT_EQ(Whole<float>("ReduceSum", {}), 0);
  EXPECT_EQ(Whole<float>("ReduceProd", {}), 1);
  EXPECT_EQ(Whole<float>("ReduceMax", {}), -kInf);
  EXPECT_EQ(Whole<float>("ReduceMin", {}), kInf);
  EXPECT_TRUE(std::isnan(Whole<float>("ReduceMean", {})));
  EXPECT_EQ(Whole<int32_t>("ReduceMean", {}), 0);
  EXPECT_EQ(Whole<int32_t>("ReduceMax", {}), std::numeric_limits<int32_t>::min());
}

TEST(ReduceTest, IntegersAreTruncatedAndWrapAround) {
  EXPECT_EQ(Whole<int32_t>("ReduceMean", {-3, -4}), -3);
  EXPECT_EQ(Whole<int32_t>("ReduceSum", {std::numeric_limits<int32_t>::max(), 1}),
            std::numeric_limits<int32_t>::min());
  EXPECT_EQ(Whole<int64_t>("ReduceL1", {-3, 4}), 7);
  EXPECT_EQ(Whole<int64_t>("ReduceL2", {-3, 4}), 5);
  EXPECT_EQ(Whole<int64_t>("ReduceProd", {-3, 4}), -12);
}

TEST(ReduceTest, AnIntegerThatWouldBeNoNumberIs0) {
  EXPECT_EQ(Whole<int32_t>("ReduceLogSum", {-3, 1}), 0);
  EXPECT_EQ(Whole<int64_t>("ReduceLogSum", {}), 0);
  EXPECT_EQ(Whole<int64_t>("ReduceLogSumExp", {}), 0);
  EXPECT_EQ(Whole<int64_t>("ReduceLogSum", {20, 1}), 3);
}

// Results are computed several hundred at a time.
TEST(ReduceTest, ManyResultsSideBySideAreAllThere) {
  constexpr int64_t kMany = 1000;
  std::vector<int64_t> x;
  for (int64_t i = 0; i < 3 * kMany; ++i) x.push_back(i);
  const std::vector<int64_t> y = Reduced<int64_t>("ReduceSum", {{kMany}, {1}, {3}, {kMany}}, x);
  for (int64_t i = 0; i < kMany; ++i) {
    EXPECT_EQ(y[static_cast<size_t>(i)], 3 * i + 3 * kMany);
  }
}

template <typename T>
int64_t Place(const std::vector<T>& x, bool largest, bool last) {
  ArgReduction reduction;
  reduction.count = static_cast<int64_t>(x.size());
  reduction.stride = 1;
  reduction.largest = largest;
  reduction.last = last;
  int64_t y = -1;
  FindArgReduction(kType<T>)(reduction, reinterpret_cast<std::byte*>(&y),
                             reinterpret_cast<const std::byte*>(x.data()));
  return y;
}

TEST(ArgReduceTest, FindsTheFirstOrTheLastOfEqualOnes) {
  const std::vector<int32_t> x = {1, 3, 0, 3, 0};
  EXPECT_EQ(Place(x, /*largest=*/true, /*last=*/false), 1);
  EXPECT_EQ(Place(x, /*largest=*/true, /*last=*/true), 3);
  EXPECT_EQ(Place(x, /*largest=*/false, /*last=*/false), 2);
  EXPECT_EQ(Place(x, /*largest=*/false, /*last=*/true), 4);
}

TEST(ArgReduceTest, FindsNanBeforeAnyNumber) {
  const std::vector<float> x = {1, kNan, kInf, kNan, -kInf};
  for (const bool largest : {false, true}) {
    EXPECT_EQ(Place(x, largest, /*last=*/false), 1);
    EXPECT_EQ(Place(x, largest, /*last=*/true), 3);
  }
}

TEST(ArgReduceTest, WalksWithStrides) {
  ArgReduction reduction{{2}, {1}, 3, 2, true, false};
  const std::vector<int64_t> x = {1, 9, 5, 2, 3, 3};  // [3, 2]
  std::vector<int64_t> y(2, -1);
  FindArgReduction(DType::kInt64)(reduction, reinterpret_cast<std::byte*>(y.data()),
                                  reinterpret_cast<const std::byte*>(x.data()));
  EXPECT_THAT(y, ElementsAre(1, 0));
  EXPECT_EQ(FindArgReduction(DType::kUInt8), nullptr);
}

}  // namespace
}  // namespace rectifier::kernels
