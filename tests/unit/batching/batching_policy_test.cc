#include "server/batching/batching_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

namespace rectifier {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr TimePoint kNow{std::chrono::hours(1)};

BatchCosts Costs(int64_t max_batch, const std::vector<int64_t>& micros = {}) {
  const std::vector<int64_t> sizes = ProgramBatchSizes(max_batch);
  std::vector<Duration> costs(sizes.size());
  for (size_t i = 0; i < micros.size(); ++i) costs[i] = microseconds(micros[i]);
  return {sizes, costs};
}

std::vector<WaitingTask> Tasks(const std::vector<int64_t>& samples) {
  std::vector<WaitingTask> tasks;
  for (const int64_t count : samples) tasks.push_back({count, TimePoint::max()});
  return tasks;
}

size_t Chosen(const BatchCosts& costs, const std::vector<int64_t>& samples, int idle_workers = 1) {
  return ChooseBatch(Tasks(samples), costs, {}, kNow, idle_workers).tasks;
}

TEST(ChooseBatchTest, NeverWaitsForAFullerBatch) { EXPECT_EQ(Chosen(Costs(32), {1}), 1); }

TEST(ChooseBatchTest, TakesTheLargestProgramThatIsFilledWhereNoCostIsKnown) {
  EXPECT_EQ(Chosen(Costs(4), {1, 1, 1, 1, 1}), 4);
  EXPECT_EQ(Chosen(Costs(8), {1, 1, 1, 1, 1}), 4) << "the fifth is another run";
  EXPECT_EQ(Chosen(Costs(4), {1, 3, 1}), 2);
}

TEST(ChooseBatchTest, NeverLetsASmallTaskOvertakeALargeOne) {
  EXPECT_EQ(Chosen(Costs(4), {3, 2, 1}), 1);
}

TEST(ChooseBatchTest, TasksOfOddSamplesGoTogetherWhenThatFillsPrograms) {
  EXPECT_EQ(Chosen(Costs(8, {10, 12, 16, 24}), {3, 3, 2}), 3) << "8 at once, not 4, padded, twice";
}

TEST(ChooseBatchTest, TakesAsManyAsItPaysToRunTogether) {
  const BatchCosts costs = Costs(8, {10, 15, 22, 80});
  EXPECT_EQ(Chosen(costs, std::vector<int64_t>(8, 1)), 4);
  EXPECT_EQ(ChooseBatch(Tasks(std::vector<int64_t>(8, 1)), costs, {}, kNow, 1).reason,
            CloseReason::kFull);
}

TEST(ChooseBatchTest, OfBatchesThatCostASampleTheSameTakesTheSmallest) {
  EXPECT_EQ(Chosen(Costs(8, {1000, 1990, 3990, 8010}), std::vector<int64_t>(8, 1)), 1);
}

TEST(ChooseBatchTest, PadsWhenThatIsCheaper) {
  EXPECT_EQ(Chosen(Costs(8, {30, 32, 40, 60}), std::vector<int64_t>(5, 1)), 5);
}

TEST(ChooseBatchTest, SharesWithWorkersThatAreIdleWhenThatIsSooner) {
  const BatchCosts costs = Costs(8, {1000, 1500, 2500, 4500});
  EXPECT_EQ(Chosen(costs, std::vector<int64_t>(8, 1), /*idle_workers=*/1), 8);
  EXPECT_EQ(Chosen(costs, std::vector<int64_t>(8, 1), /*idle_workers=*/2), 4);
  EXPECT_EQ(Chosen(Costs(8, {10, 15, 25, 45}), std::vector<int64_t>(8, 1), /*idle_workers=*/2), 8)
      << "not worth waking anybody";
}

TEST(ChooseBatchTest, ClosesEarlyForTheTightestDeadline) {
  const BatchCosts costs = Costs(8, {1000, 1500, 2500, 4500});
  std::vector<WaitingTask> tasks = Tasks(std::vector<int64_t>(8, 1));
  tasks[1].deadline = kNow + microseconds(3000);
  const BatchChoice choice = ChooseBatch(tasks, costs, {}, kNow, 1);
  EXPECT_EQ(choice.tasks, 4);
  EXPECT_EQ(choice.reason, CloseReason::kDeadline);
}

TEST(ChooseBatchTest, ADeadlineThatCannotBeMetHurriesNobody) {
  std::vector<WaitingTask> tasks = Tasks(std::vector<int64_t>(8, 1));
  tasks[0].deadline = kNow + microseconds(10);
  EXPECT_EQ(ChooseBatch(tasks, Costs(8, {1000, 1500, 2500, 4500}), {}, kNow, 1).tasks, 8);
}

TEST(ChooseBatchTest, KeepsToPreferredSizesWhereOneIsReached) {
  const std::vector<int64_t> preferred = {3, 6};
  const BatchCosts costs = Costs(8);
  const auto tasks = [&](size_t waiting) {
    return ChooseBatch(Tasks(std::vector<int64_t>(waiting, 2)), costs, preferred, kNow, 1).tasks;
  };
  EXPECT_EQ(tasks(4), 2) << "of 8 samples 6, of these the 4 that are one run";
  EXPECT_EQ(tasks(1), 1);
}

TEST(ChooseBatchTest, TakesSomethingWithinTheBatchForRandomQueuesAndCosts) {
  std::mt19937 random(20240601);
  const auto pick = [&random](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  for (int round = 0; round < 5000; ++round) {
    const int64_t max_batch = pick(1, 64);
    std::vector<int64_t> micros(ProgramBatchSizes(max_batch).size());
    for (int64_t& cost : micros) cost = pick(0, 3) == 0 ? 0 : pick(1, 5000);
    const BatchCosts costs = Costs(max_batch, micros);
    std::vector<WaitingTask> tasks(static_cast<size_t>(pick(1, 80)));
    for (WaitingTask& task : tasks) {
      task.samples = pick(1, max_batch);
      if (pick(0, 1) == 0) task.deadline = kNow + microseconds(pick(1, 20000));
    }
    const BatchChoice choice = ChooseBatch(tasks, costs, {}, kNow, static_cast<int>(pick(1, 4)));
    ASSERT_GE(choice.tasks, 1);
    ASSERT_LE(choice.tasks, tasks.size());
    int64_t samples = 0;
    TimePoint tightest = TimePoint::max();
    for (size_t i = 0; i < choice.tasks; ++i) {
      samples += tasks[i].samples;
      tightest = std::min(tightest, tasks[i].deadline);
    }
    ASSERT_LE(samples, max_batch);
    // A batch makes nobody late who would be in time with fewer.
    if (tasks[0].deadline >= kNow + costs.Of(tasks[0].samples)) {
      EXPECT_LE(costs.Of(samples), tightest - kNow);
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

}  // namespace
}  // namespace rectifier
