#include "server/core/shape.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/support/status_testing.h"

namespace rectifier {
namespace {

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

TEST(ShapeTest, ScalarHasRankZeroAndOneElement) {
  EXPECT_EQ(Shape{}.rank(), 0);
  EXPECT_EQ(Shape{}.ElementCount(), 1);
  EXPECT_TRUE(Shape{}.IsStatic());
}

TEST(ShapeTest, ElementCountIsTheProduct) {
  EXPECT_EQ((Shape{2, 3, 4}).ElementCount(), 24);
  EXPECT_EQ((Shape{5, 0, 7}).ElementCount(), 0);
}

TEST(ShapeTest, CountsUpToTwoToThe62) {
  EXPECT_EQ(*(Shape{int64_t{1} << 31, int64_t{1} << 31}).CheckedElementCount(), int64_t{1} << 62);
  EXPECT_EQ(
      StatusText((Shape{int64_t{1} << 31, (int64_t{1} << 31) + 1}).CheckedElementCount()),
      "INVALID_ARGUMENT: shape [2147483648, 2147483649] has more elements than can be counted");
}

TEST(ShapeTest, RefusesProductsThatOverflow) {
  // Each of these wraps around to a small number in 64 bits.
  for (const Shape& shape :
       {Shape{int64_t{1} << 32, int64_t{1} << 32}, Shape{kMax, 2}, Shape{kMax, kMax},
        Shape{4, int64_t{1} << 62}, Shape{3, 6148914691236517206}, Shape{kMax}}) {
    EXPECT_FALSE(shape.CheckedElementCount().ok()) << shape.ToString();
  }
}

TEST(ShapeTest, AZeroMakesAnyProductCountable) {
  EXPECT_EQ(*(Shape{kMax, kMax, 0}).CheckedElementCount(), 0);
  EXPECT_EQ(*(Shape{0, kMax, kMax}).CheckedElementCount(), 0);
}

TEST(ShapeTest, RefusesToCountDynamicAndNegativeDimensions) {
  EXPECT_EQ(StatusText((Shape{2, kDynamicDim}).CheckedElementCount()),
            "INVALID_ARGUMENT: shape [2, ?] has a dimension that is not known");
  EXPECT_FALSE((Shape{0, kDynamicDim}).CheckedElementCount().ok());
  EXPECT_FALSE((Shape{-2, -3}).CheckedElementCount().ok());
}

TEST(ShapeTest, IsStaticOnlyWithoutDynamicDimensions) {
  EXPECT_TRUE((Shape{1, 0}).IsStatic());
  EXPECT_FALSE((Shape{1, kDynamicDim}).IsStatic());
}

TEST(ShapeTest, PrintsDynamicDimensionsAsQuestionMarks) {
  EXPECT_EQ((Shape{}).ToString(), "[]");
  EXPECT_EQ((Shape{2, kDynamicDim, 8}).ToString(), "[2, ?, 8]");
}

TEST(ShapeTest, EqualityLooksAtRankAndDimensions) {
  EXPECT_EQ((Shape{1, 2}), (Shape{1, 2}));
  EXPECT_NE((Shape{1, 2}), (Shape{2, 1}));
  EXPECT_NE((Shape{1, 2}), (Shape{1, 2, 1}));
}

TEST(MatchesTest, DynamicDimensionsOfThePatternTakeAnySize) {
  EXPECT_TRUE(Matches(Shape{5, 3}, Shape{kDynamicDim, 3}));
  EXPECT_TRUE(Matches(Shape{0, 3}, Shape{kDynamicDim, 3}));
  EXPECT_FALSE(Matches(Shape{5, 4}, Shape{kDynamicDim, 3}));
  EXPECT_FALSE(Matches(Shape{kDynamicDim, 3}, Shape{5, 3}));
}

TEST(MatchesTest, RanksMustBeEqual) {
  EXPECT_TRUE(Matches(Shape{}, Shape{}));
  EXPECT_FALSE(Matches(Shape{3}, Shape{kDynamicDim, 3}));
  EXPECT_FALSE(Matches(Shape{1, 3}, Shape{3}));
}

TEST(MultiplyOverflowsTest, TellsWhetherTheProductFits) {
  int64_t product = 0;
  EXPECT_FALSE(MultiplyOverflows(int64_t{1} << 31, int64_t{1} << 31, &product));
  EXPECT_EQ(product, int64_t{1} << 62);
  EXPECT_TRUE(MultiplyOverflows(int64_t{1} << 32, int64_t{1} << 31, &product));
}

}  // namespace
}  // namespace rectifier
