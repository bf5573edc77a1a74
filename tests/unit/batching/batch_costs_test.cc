#include "server/batching/batch_costs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>

#include "server/batching/batching_policy.h"

namespace rectifier {
namespace {

using std::chrono::microseconds;
using ::testing::ElementsAre;

const std::vector<int64_t> kUpTo8 = {1, 2, 4, 8};

BatchCosts Microseconds(const std::vector<int64_t>& sizes, const std::vector<int64_t>& costs) {
  std::vector<Duration> durations;
  for (const int64_t cost : costs) durations.emplace_back(microseconds(cost));
  return {sizes, durations};
}

BatchCosts Unknown(int64_t max_batch) {
  const std::vector<int64_t> sizes = ProgramBatchSizes(max_batch);
  return {sizes, std::vector<Duration>(sizes.size())};
}

TEST(BatchCostsTest, FiveRunAsFourAndOneWhenThatIsCheaperThanPadding) {
  const BatchCosts costs = Microseconds(kUpTo8, {10, 20, 40, 80});
  EXPECT_THAT(costs.Runs(5), ElementsAre(4, 1));
  EXPECT_NEAR(Seconds(costs.Of(5)), 50e-6, 1e-7);
}

TEST(BatchCostsTest, FiveArePaddedToEightWhenThatIsCheaper) {
  const BatchCosts costs = Microseconds(kUpTo8, {30, 32, 40, 60});
  EXPECT_THAT(costs.Runs(5), ElementsAre(8));
  EXPECT_NEAR(Seconds(costs.Of(5)), 60e-6, 1e-7);
  EXPECT_THAT(costs.Runs(4), ElementsAre(4));
}

TEST(BatchCostsTest, NeverRunALargerProgramThatIsSlowerForASample) {
  const BatchCosts costs = Microseconds(kUpTo8, {10, 15, 22, 80});
  EXPECT_THAT(costs.Runs(8), ElementsAre(4, 4));
  EXPECT_NEAR(Seconds(costs.PerSample()), 5.5e-6, 1e-7);
}

TEST(BatchCostsTest, AnUnknownCostIsInProportionToThatOfTheNearestSize) {
  const BatchCosts costs = Microseconds(kUpTo8, {0, 20, 0, 0});
  EXPECT_TRUE(costs.known());
  EXPECT_NEAR(Seconds(costs.Of(1)), 10e-6, 1e-7);
  EXPECT_NEAR(Seconds(costs.Of(8)), 80e-6, 1e-7);
  EXPECT_THAT(costs.Runs(8), ElementsAre(8)) << "of those that cost the same, the fewest";
}

TEST(BatchCostsTest, AreZeroWhereNothingIsKnown) {
  const BatchCosts costs = Unknown(8);
  EXPECT_FALSE(costs.known());
  EXPECT_EQ(costs.Of(5), Duration::zero());
  EXPECT_EQ(costs.PerSample(), Duration::zero());
  EXPECT_GT(costs.Weight(5), costs.Weight(4));
}

TEST(BatchCostsTest, MoreThanTheLargestBatchCostsItsParts) {
  const BatchCosts costs = Microseconds(kUpTo8, {10, 20, 40, 80});
  EXPECT_NEAR(Seconds(costs.Of(21)), 210e-6, 1e-6);
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

TEST(BatchCostsTest, RunsOfUnknownCostAreExactLargestFirstAndFewestForAllBatchesUpTo64) {
  for (int64_t max_batch = 1; max_batch <= 64; ++max_batch) {
    const BatchCosts costs = Unknown(max_batch);
    const std::vector<size_t> fewest = FewestPrograms(max_batch, costs.sizes());
    for (int64_t samples = 1; samples <= max_batch; ++samples) {
      SCOPED_TRACE(testing::Message() << samples << " samples, max_batch " << max_batch);
      const std::vector<int64_t> runs = costs.Runs(samples);
      EXPECT_EQ(std::accumulate(runs.begin(), runs.end(), int64_t{0}), samples);
      EXPECT_TRUE(std::is_sorted(runs.rbegin(), runs.rend()));
      EXPECT_EQ(runs.size(), fewest[static_cast<size_t>(samples)]);
    }
  }
}

// The least cost of `samples`, by trying every first run.
int64_t Least(int64_t samples, const std::vector<int64_t>& sizes,
              const std::vector<int64_t>& costs) {
  if (samples <= 0) return 0;
  int64_t least = std::numeric_limits<int64_t>::max();
  for (size_t i = 0; i < sizes.size(); ++i) {
    least = std::min(least, costs[i] + Least(samples - sizes[i], sizes, costs));
  }
  return least;
}

TEST(BatchCostsTest, RunsHoldAllSamplesAndAreTheCheapestForRandomCosts) {
  std::mt19937 random(5);
  for (int round = 0; round < 100; ++round) {
    std::vector<int64_t> costs;
    for (size_t i = 0; i < kUpTo8.size(); ++i) {
      costs.push_back(static_cast<int64_t>(1000 + random() % 8000));
    }
    const BatchCosts batch_costs = Microseconds(kUpTo8, costs);
    for (int64_t samples = 1; samples <= 8; ++samples) {
      const std::vector<int64_t> runs = batch_costs.Runs(samples);
      int64_t held = 0;
      int64_t cost = 0;
      for (const int64_t size : runs) {
        EXPECT_LT(held, samples) << "a run that holds nothing";
        held += size;
        cost += costs[static_cast<size_t>(std::find(kUpTo8.begin(), kUpTo8.end(), size) -
                                          kUpTo8.begin())];
      }
      EXPECT_GE(held, samples);
      // A run counts for a thousandth of the cheapest more than it costs.
      EXPECT_LE(cost, Least(samples, kUpTo8, costs) + 8 * 10);
      EXPECT_NEAR(Seconds(batch_costs.Of(samples)), static_cast<double>(cost) * 1e-6, 1e-4);
    }
  }
}

}  // namespace
}  // namespace rectifier
