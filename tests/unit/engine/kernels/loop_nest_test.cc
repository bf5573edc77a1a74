#include "server/engine/kernels/loop_nest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <utility>

namespace rectifier::kernels {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

struct Row {
  std::array<int64_t, 2> at;
  int64_t count;
  std::array<int64_t, 2> steps;
};

std::vector<Row> RowsOf(const std::vector<int64_t>& dims, const Strides& a, const Strides& b) {
  std::vector<Row> rows;
  LoopNest<2>(dims, {a, b}).ForEachRow([&](const auto& at, int64_t count, const auto& steps) {
    rows.push_back({at, count, steps});
  });
  return rows;
}

// The pairs of offsets of all elements, in the order in which they are visited.
std::vector<std::pair<int64_t, int64_t>> Visited(const std::vector<int64_t>& dims, const Strides& a,
                                                 const Strides& b) {
  std::vector<std::pair<int64_t, int64_t>> visited;
  for (const Row& row : RowsOf(dims, a, b)) {
    for (int64_t i = 0; i < row.count; ++i) {
      visited.emplace_back(row.at[0] + i * row.steps[0], row.at[1] + i * row.steps[1]);
    }
  }
  return visited;
}

TEST(LoopNestTest, DenseTensorsAreOneRow) {
  const Strides dense = RowMajorStrides(std::vector<int64_t>{2, 3, 4});
  const auto rows = RowsOf({2, 3, 4}, dense, dense);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].count, 24);
  EXPECT_THAT(rows[0].steps, ElementsAre(1, 1));
}

TEST(LoopNestTest, TensorsThatLieAlikeInAnotherOrderAreOneRowToo) {
  const Strides channels_last = {12, 1, 3};
  const auto rows = RowsOf({2, 3, 4}, channels_last, channels_last);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].count, 24);
}

TEST(LoopNestTest, DimensionsOf1DoNotKeepOthersApart) {
  // Whatever the strides of the dimensions of 1.
  const auto rows = RowsOf({2, 1, 3, 1}, {3, 99, 1, 7}, {3, 0, 1, 5});
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].count, 6);
}

TEST(LoopNestTest, ABroadcastDimensionStandsStill) {
  EXPECT_THAT(Visited({2, 2}, {2, 1}, {0, 1}),
              ElementsAre(Pair(0, 0), Pair(1, 1), Pair(2, 0), Pair(3, 1)));
  EXPECT_THAT(Visited({2, 2}, {2, 1}, {1, 0}),
              ElementsAre(Pair(0, 0), Pair(1, 0), Pair(2, 1), Pair(3, 1)));
}

TEST(LoopNestTest, FollowsTheMemoryOfTheFirstTensor) {
  // [2, 3] whose first dimension is innermost, with a row-major one.
  EXPECT_THAT(Visited({2, 3}, {1, 2}, {3, 1}),
              ElementsAre(Pair(0, 0), Pair(1, 3), Pair(2, 1), Pair(3, 4), Pair(4, 2), Pair(5, 5)));
}

TEST(LoopNestTest, TakesStridesBelow0InTheOthers) {
  EXPECT_THAT(Visited({3}, {1}, {-2}), ElementsAre(Pair(0, 0), Pair(1, -2), Pair(2, -4)));
}

TEST(LoopNestTest, AScalarIsARowOfOneElement) {
  EXPECT_THAT(Visited({}, {}, {}), ElementsAre(Pair(0, 0)));
  EXPECT_THAT(Visited({1, 1}, {5, 3}, {2, 9}), ElementsAre(Pair(0, 0)));
}

TEST(LoopNestTest, NothingIsVisitedOfATensorWithoutElements) {
  EXPECT_TRUE(RowsOf({0}, {1}, {1}).empty());
  EXPECT_TRUE(RowsOf({2, 0, 3}, {3, 3, 1}, {0, 0, 0}).empty());
}

TEST(LoopNestTest, VisitsEveryElementOnce) {
  const std::vector<int64_t> dims = {2, 3, 1, 4, 2};
  const Strides dense = RowMajorStrides(dims);
  const Strides turned = {1, 2, 99, 6, 24};
  std::set<int64_t> seen;
  for (const auto& [a, b] : Visited(dims, turned, dense)) {
    EXPECT_TRUE(seen.insert(b).second) << b;
    // The coordinates that lie at `b` of the dense one.
    EXPECT_EQ(a, b / 24 * 1 + b / 8 % 3 * 2 + b / 2 % 4 * 6 + b % 2 * 24);
  }
  EXPECT_EQ(seen.size(), 48u);
}

TEST(LoopNestTest, RowMajorStridesAreThoseOfADenseTensor) {
  EXPECT_THAT(RowMajorStrides(std::vector<int64_t>{2, 3, 4}), ElementsAre(12, 4, 1));
  EXPECT_THAT(RowMajorStrides(std::vector<int64_t>{}), ElementsAre());
}

}  // namespace
}  // namespace rectifier::kernels
