#include "server/ops/broadcast.h"

#include <gtest/gtest.h>

#include "server/core/status.h"

namespace rectifier {
namespace {

// All shapes of rank 0 to 2 with these dimensions.
std::vector<Shape> SmallShapes(const std::vector<int64_t>& dims) {
  std::vector<Shape> shapes = {Shape{}};
  for (const int64_t a : dims) {
    shapes.push_back(Shape{a});
    for (const int64_t b : dims) shapes.push_back(Shape{a, b});
  }
  return shapes;
}

std::string Text(const absl::StatusOr<Shape>& shape) {
  return shape.ok() ? shape->ToString() : std::string(Message(shape.status()));
}

TEST(BroadcastTest, PadRankPuts1sBefore) {
  EXPECT_EQ(PadRank(Shape{2, kDynamicDim}, 4), (Shape{1, 1, 2, kDynamicDim}));
  EXPECT_EQ(PadRank(Shape{}, 2), (Shape{1, 1}));
  EXPECT_EQ(PadRank(Shape{2, 3}, 2), (Shape{2, 3}));
  EXPECT_EQ(PadRank(Shape{2, 3}, 1), (Shape{2, 3}));
}

TEST(BroadcastTest, FollowsNumPy) {
  // From NumPy's documentation, "Broadcasting".
  EXPECT_EQ(Text(BroadcastShapes("b", Shape{256, 256, 3}, Shape{3})), "[256, 256, 3]");
  EXPECT_EQ(Text(BroadcastShapes("b", Shape{8, 1, 6, 1}, Shape{7, 1, 5})), "[8, 7, 6, 5]");
  EXPECT_EQ(Text(BroadcastShapes("b", Shape{15, 3, 5}, Shape{15, 1, 5})), "[15, 3, 5]");
  EXPECT_EQ(Text(BroadcastShapes("b", Shape{2, 1}, Shape{8, 4, 3})),
            "b: shapes [2, 1] and [8, 4, 3] do not broadcast");
}

TEST(BroadcastTest, TheOrderDoesNotMatter) {
  const std::vector<Shape> shapes = SmallShapes({kDynamicDim, 0, 1, 2, 3});
  for (const Shape& a : shapes) {
    for (const Shape& b : shapes) {
      const auto result = BroadcastShapes("b", a, b);
      const auto swapped = BroadcastShapes("b", b, a);
      ASSERT_EQ(result.ok(), swapped.ok()) << a.ToString() << " and " << b.ToString();
      if (!result.ok()) continue;
      EXPECT_EQ(*result, *swapped) << a.ToString() << " and " << b.ToString();
    }
  }
}

// What is said with dynamic dimensions holds for every size that they may have, and nothing is
// refused that some size would fit.
TEST(BroadcastTest, ADynamicDimensionStandsForEverySize) {
  const std::vector<int64_t> sizes = {0, 1, 2, 3};
  const std::vector<int64_t> dims = {kDynamicDim, 0, 1, 2, 3};
  for (const int64_t a : dims) {
    for (const int64_t b : dims) {
      const auto result = BroadcastShapes("b", Shape{a}, Shape{b});
      bool fits = false;
      bool into = false;
      for (const int64_t x : sizes) {
        for (const int64_t y : sizes) {
          if (!Matches(Shape{x}, Shape{a}) || !Matches(Shape{y}, Shape{b})) continue;
          const auto bound = BroadcastShapes("b", Shape{x}, Shape{y});
          into = into || BroadcastsInto(Shape{x}, Shape{y});
          if (!bound.ok()) continue;
          fits = true;
          ASSERT_TRUE(result.ok()) << Message(result.status());
          EXPECT_TRUE(Matches(*bound, *result)) << bound->ToString() << " " << result->ToString();
        }
      }
      EXPECT_EQ(result.ok(), fits) << Text(result);
      EXPECT_EQ(BroadcastsInto(Shape{a}, Shape{b}), into) << a << " into " << b;
    }
  }
}

TEST(BroadcastTest, IntoMeansThatTheResultIsNotEnlarged) {
  const std::vector<Shape> shapes = SmallShapes({0, 1, 2, 3});
  for (const Shape& from : shapes) {
    for (const Shape& into : shapes) {
      const auto result = BroadcastShapes("b", from, into);
      EXPECT_EQ(BroadcastsInto(from, into), result.ok() && *result == into)
          << from.ToString() << " into " << into.ToString();
    }
  }
}

}  // namespace
}  // namespace rectifier
