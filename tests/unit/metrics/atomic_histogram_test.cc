#include "server/metrics/atomic_histogram.h"

#include <gtest/gtest.h>
#include <prometheus/histogram.h>

#include <cmath>
#include <limits>
#include <thread>
#include <vector>

namespace rectifier {
namespace {

TEST(AtomicHistogramTest, CountsAsPrometheusOwnDoes) {
  const std::vector<double> bounds{1, 2, 4};
  AtomicHistogram ours(bounds);
  prometheus::Histogram theirs(bounds);
  for (const double value : {0.0, 0.5, 1.0, 1.5, 2.0, 3.9, 4.0, 4.1, 1e9, -1.0,
                             std::numeric_limits<double>::infinity()}) {
    ours.Observe(value);
    theirs.Observe(value);
    const auto a = ours.Collect().histogram;
    const auto b = theirs.Collect().histogram;
    EXPECT_EQ(a.sample_count, b.sample_count);
    EXPECT_EQ(a.sample_sum, b.sample_sum);
    ASSERT_EQ(a.bucket.size(), b.bucket.size());
    for (size_t i = 0; i < a.bucket.size(); ++i) {
      EXPECT_EQ(a.bucket[i].cumulative_count, b.bucket[i].cumulative_count) << value;
      EXPECT_EQ(a.bucket[i].upper_bound, b.bucket[i].upper_bound);
    }
  }
}

TEST(AtomicHistogramTest, LosesNothingOfManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 10'000;
  AtomicHistogram histogram({1, 2});
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) histogram.Observe(round % 2 == 0 ? 1 : 3);
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto counted = histogram.Collect().histogram;
  EXPECT_EQ(counted.sample_count, kThreads * kRounds);
  EXPECT_EQ(counted.sample_sum, 2.0 * kThreads * kRounds);
  EXPECT_EQ(counted.bucket[0].cumulative_count, kThreads * kRounds / 2);
  EXPECT_EQ(counted.bucket[1].cumulative_count, kThreads * kRounds / 2);
}

TEST(HistogramFamilyTest, ShowsItsHistogramsUntilTheyAreRemoved) {
  HistogramFamily family("name", "help");
  EXPECT_TRUE(family.Collect().empty());
  AtomicHistogram& first = family.Add({{"model", "a"}}, {1});
  family.Add({{"model", "b"}}, {1}).Observe(5);
  ASSERT_EQ(family.Collect().size(), 1U);
  EXPECT_EQ(family.Collect()[0].name, "name");
  EXPECT_EQ(family.Collect()[0].metric.size(), 2U);
  family.Remove(&first);
  const auto left = family.Collect();
  ASSERT_EQ(left[0].metric.size(), 1U);
  EXPECT_EQ(left[0].metric[0].label[0].value, "b");
  EXPECT_EQ(left[0].metric[0].histogram.sample_count, 1U);
}

}  // namespace
}  // namespace rectifier
