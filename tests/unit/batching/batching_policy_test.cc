#include "server/batching/batching_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>

namespace rectifier {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

size_t Tasks(int64_t max_batch, const std::vector<int64_t>& waiting) {
  return BatchingPolicy(max_batch).TasksForNextBatch(waiting);
}

TEST(BatchingPolicyTest, TakesAsManyTasksAsFit) {
  EXPECT_EQ(Tasks(4, {1, 1, 1, 1, 1}), 4u);
  EXPECT_EQ(Tasks(4, {1, 3, 1}), 2u);
  EXPECT_EQ(Tasks(4, {2, 1}), 2u);
}

TEST(BatchingPolicyTest, TakesNothingWhenNothingWaits) { EXPECT_EQ(Tasks(4, {}), 0u); }

TEST(BatchingPolicyTest, NeverWaitsForAFullerBatch) { EXPECT_EQ(Tasks(32, {1}), 1u); }

TEST(BatchingPolicyTest, NeverLetsASmallTaskOvertakeALargeOne) {
  EXPECT_EQ(Tasks(4, {3, 2, 1}), 1u);
}

TEST(BatchingPolicyTest, TakesTheLargestPrefixThatFitsForRandomQueues) {
  std::mt19937 random(20240601);
  for (int round = 0; round < 2000; ++round) {
    const int64_t max_batch = std::uniform_int_distribution<int64_t>(1, 64)(random);
    std::vector<int64_t> waiting(std::uniform_int_distribution<size_t>(1, 80)(random));
    for (int64_t& samples : waiting) {
      samples = std::uniform_int_distribution<int64_t>(1, max_batch)(random);
    }
    const auto taken = static_cast<std::ptrdiff_t>(Tasks(max_batch, waiting));
    ASSERT_GE(taken, 1);
    ASSERT_LE(taken, static_cast<std::ptrdiff_t>(waiting.size()));
    const int64_t sum = std::accumulate(waiting.begin(), waiting.begin() + taken, int64_t{0});
    EXPECT_LE(sum, max_batch);
    if (taken < static_cast<std::ptrdiff_t>(waiting.size())) {
      EXPECT_GT(sum + waiting[static_cast<size_t>(taken)], max_batch);
    }
  }
}

TEST(ProgramBatchSizesTest, ArePowersOfTwoAndTheMaximum) {
  EXPECT_THAT(ProgramBatchSizes(1), ElementsAre(1));
  EXPECT_THAT(ProgramBatchSizes(2), ElementsAre(1, 2));
  EXPECT_THAT(ProgramBatchSizes(8), ElementsAre(1, 2, 4, 8));
  EXPECT_THAT(ProgramBatchSizes(12), ElementsAre(1, 2, 4, 8, 12));
}

TEST(ProgramBatchSizesTest, DoNotOverflowAtTheLargestMaximum) {
  EXPECT_THAT(ProgramBatchSizes(std::numeric_limits<int64_t>::max()), SizeIs(64));
}

TEST(SplitIntoProgramsTest, SplitsFiveIntoFourAndOne) {
  EXPECT_THAT(SplitIntoPrograms(5, ProgramBatchSizes(8)), ElementsAre(4, 1));
}

TEST(SplitIntoProgramsTest, RunsAFullBatchAtOnce) {
  EXPECT_THAT(SplitIntoPrograms(12, ProgramBatchSizes(12)), ElementsAre(12));
}

// The fewest of `sizes` that sum to each number of samples up to `most`, by dynamic programming.
std::vector<size_t> FewestPrograms(int64_t most, const std::vector<int64_t>& sizes) {
  std::vector<size_t> fewest(static_cast<size_t>(most) + 1, 0);
  for (size_t samples = 1; samples < fewest.size(); ++samples) {
    fewest[samples] = samples;
    for (const int64_t size : sizes) {
      if (static_cast<size_t>(size) > samples) break;
      fewest[samples] = std::min(fewest[samples], fewest[samples - static_cast<size_t>(size)] + 1);
    }
  }
  return fewest;
}

TEST(SplitIntoProgramsTest, IsExactLargestFirstAndFewestForAllBatchesUpTo64) {
  for (int64_t max_batch = 1; max_batch <= 64; ++max_batch) {
    const std::vector<int64_t> sizes = ProgramBatchSizes(max_batch);
    const std::vector<size_t> fewest = FewestPrograms(max_batch, sizes);
    for (int64_t samples = 1; samples <= max_batch; ++samples) {
      SCOPED_TRACE(testing::Message() << samples << " samples, max_batch " << max_batch);
      const std::vector<int64_t> split = SplitIntoPrograms(samples, sizes);
      EXPECT_EQ(std::accumulate(split.begin(), split.end(), int64_t{0}), samples);
      EXPECT_TRUE(std::is_sorted(split.rbegin(), split.rend()));
      EXPECT_EQ(split.size(), fewest[static_cast<size_t>(samples)]);
      for (const int64_t size : split) EXPECT_THAT(sizes, testing::Contains(size));
    }
  }
}

TEST(SplitIntoProgramsTest, RepeatsTheLargestForMoreThanAFullBatch) {
  EXPECT_THAT(SplitIntoPrograms(19, ProgramBatchSizes(8)), ElementsAre(8, 8, 2, 1));
}

}  // namespace
}  // namespace rectifier
