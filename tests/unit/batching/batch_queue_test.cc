#include "server/batching/batch_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <optional>
#include <string>

#include "server/core/status.h"
#include "tests/support/fake_clock.h"
#include "tests/unit/batching/fake_task.h"

namespace rectifier {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Sizes and what they take, in microseconds: large batches pay.
const std::map<int64_t, int64_t> kPaying = {{1, 1000}, {2, 1100}, {4, 1300}, {8, 1700}};

class BatchQueueTest : public testing::Test {
 protected:
  absl::Status Submit(BatchQueue& queue, int64_t id, FakeTaskOptions options = {}) {
    std::unique_ptr<Task> task = MakeTask(log_, id, std::move(options));
    const auto refusal = queue.Submit(task, clock_.Now(), load_);
    EXPECT_EQ(task == nullptr, !refusal) << "the task is taken iff nothing is said against it";
    if (refusal) why_ = refusal->why;
    return refusal ? refusal->status : absl::OkStatus();
  }
  std::vector<int64_t> Take(BatchQueue& queue, int idle_workers = 1) {
    taken_ = queue.TakeBatch(clock_.Now(), idle_workers);
    return Ids(taken_.batch.tasks);
  }

  FakeClock clock_;
  TaskLog log_;
  PoolLoad load_;
  std::optional<Rejection> why_;  // of the last refusal
  BatchQueue::Taken taken_;
};

TEST_F(BatchQueueTest, IsEmptyAtFirst) {
  BatchQueue queue({});
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.oldest_arrival(), TimePoint::max());
  EXPECT_THAT(Take(queue), IsEmpty());
}

TEST_F(BatchQueueTest, HandsOutTasksInOrderOfArrivalUpToTheMaximum) {
  BatchQueue queue({.max_batch = 4});
  for (int64_t id = 0; id < 6; ++id) ASSERT_TRUE(Submit(queue, id, {.samples = 1 + id % 2}).ok());
  EXPECT_THAT(Take(queue), ElementsAre(0, 1, 2));
  EXPECT_THAT(Take(queue), ElementsAre(3));
  EXPECT_THAT(Take(queue), ElementsAre(4, 5));
  EXPECT_TRUE(queue.empty());
}

TEST_F(BatchQueueTest, ABatchHoldsTheOldestTaskAndThoseThatMayShareItsBatch) {
  BatchQueue queue({.max_batch = 4});
  int64_t id = 0;
  for (const int shape : {7, 8, 7, 9, 8, 7, 7, 7}) {
    ASSERT_TRUE(Submit(queue, id++, {.bytes = 10, .shape = shape}).ok());
  }
  EXPECT_THAT(Take(queue), ElementsAre(0, 2, 5, 6));
  EXPECT_EQ(queue.tasks(), 4);
  EXPECT_EQ(queue.bytes(), 40);
  EXPECT_THAT(Take(queue), ElementsAre(1, 4));
  EXPECT_THAT(Take(queue), ElementsAre(3));
  EXPECT_THAT(Take(queue), ElementsAre(7));
  EXPECT_EQ(queue.bytes(), 0);
}

TEST_F(BatchQueueTest, OnlyTheFirstTasksAreLookedAtForOthersOfTheSameShape) {
  BatchQueue queue({.max_batch = 4});
  ASSERT_TRUE(Submit(queue, 0, {.shape = 1}).ok());
  const auto others = static_cast<int64_t>(BatchQueue::kMaxLookedAt) - 1;
  for (int64_t id = 1; id <= others; ++id) ASSERT_TRUE(Submit(queue, id, {.shape = 2}).ok());
  ASSERT_TRUE(Submit(queue, others + 1, {.shape = 1}).ok());
  EXPECT_THAT(Take(queue), ElementsAre(0));
  EXPECT_THAT(Take(queue), ElementsAre(1, 2, 3, 4));
}

TEST_F(BatchQueueTest, RefusesATaskThatIsCancelledAlready) {
  BatchQueue queue({});
  auto cancelled = std::make_shared<std::atomic<bool>>(true);
  EXPECT_EQ(Submit(queue, 1, {.cancelled = cancelled}).code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(queue.empty());
}

TEST_F(BatchQueueTest, RefusesATaskWhoseDeadlineIsNowOrPast) {
  BatchQueue queue({});
  EXPECT_EQ(Submit(queue, 1, {.deadline = clock_.Now()}).code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Submit(queue, 1, {.deadline = clock_.Now() - milliseconds(1)}).code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(Submit(queue, 1, {.deadline = clock_.Now() + milliseconds(1)}).ok());
}

// gRPC cancels a call whose deadline passes.
TEST_F(BatchQueueTest, SaysThatATaskExpiredWhenItIsCancelledAsWell) {
  BatchQueue queue({});
  auto cancelled = std::make_shared<std::atomic<bool>>(true);
  EXPECT_EQ(Submit(queue, 1, {.deadline = clock_.Now(), .cancelled = cancelled}).code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST_F(BatchQueueTest, NamesTheBoundWhenTooManyTasksWait) {
  BatchQueue queue({.max_queue_tasks = 2});
  ASSERT_TRUE(Submit(queue, 1).ok());
  ASSERT_TRUE(Submit(queue, 2).ok());
  const absl::Status status = Submit(queue, 3);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("max_queue_tasks is 2"));
}

TEST_F(BatchQueueTest, NamesTheBoundWhenTooManyBytesWait) {
  BatchQueue queue({.max_queue_bytes = 100});
  ASSERT_TRUE(Submit(queue, 1, {.bytes = 60}).ok());
  const absl::Status status = Submit(queue, 2, {.bytes = 41});
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("max_queue_bytes is 100"));
  EXPECT_TRUE(Submit(queue, 3, {.bytes = 40}).ok()) << "a smaller one still fits";
}

TEST_F(BatchQueueTest, DoesNotOverflowOnATaskOfMaximalBytes) {
  BatchQueue queue({});
  ASSERT_TRUE(Submit(queue, 1, {.bytes = 1}).ok());
  EXPECT_EQ(Submit(queue, 2, {.bytes = std::numeric_limits<size_t>::max()}).code(),
            absl::StatusCode::kResourceExhausted);
}

TEST_F(BatchQueueTest, HasRoomAgainAfterABatchWasTaken) {
  BatchQueue queue({.max_batch = 1, .max_queue_tasks = 1, .max_queue_bytes = 10});
  ASSERT_TRUE(Submit(queue, 1, {.bytes = 10}).ok());
  ASSERT_FALSE(Submit(queue, 2, {.bytes = 10}).ok());
  queue.TakeBatch(clock_.Now());
  EXPECT_EQ(queue.bytes(), 0);
  EXPECT_TRUE(Submit(queue, 2, {.bytes = 10}).ok());
}

TEST_F(BatchQueueTest, DropsATaskThatExpiredWhileItWaited) {
  BatchQueue queue({});
  ASSERT_TRUE(Submit(queue, 1, {.deadline = clock_.Now() + milliseconds(5)}).ok());
  ASSERT_TRUE(Submit(queue, 2).ok());
  clock_.Advance(milliseconds(5));
  const BatchQueue::Taken taken = queue.TakeBatch(clock_.Now());
  EXPECT_THAT(Ids(taken.batch.tasks), ElementsAre(2));
  ASSERT_EQ(taken.dropped.size(), 1u);
  EXPECT_EQ(AsFake(*taken.dropped[0].task).id(), 1);
  EXPECT_EQ(taken.dropped[0].refusal.status.code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(BatchQueueTest, DropsATaskThatWasCancelledWhileItWaited) {
  BatchQueue queue({});
  auto cancelled = std::make_shared<std::atomic<bool>>(false);
  ASSERT_TRUE(Submit(queue, 1, {.cancelled = cancelled}).ok());
  *cancelled = true;
  const BatchQueue::Taken taken = queue.TakeBatch(clock_.Now());
  EXPECT_THAT(taken.batch.tasks, IsEmpty());
  ASSERT_EQ(taken.dropped.size(), 1u);
  EXPECT_EQ(taken.dropped[0].refusal.status.code(), absl::StatusCode::kCancelled);
}

TEST_F(BatchQueueTest, FillsABatchWithLiveTasksInPlaceOfDroppedOnes) {
  BatchQueue queue({.max_batch = 2});
  const TimePoint soon = clock_.Now() + milliseconds(1);
  ASSERT_TRUE(Submit(queue, 1, {.deadline = soon}).ok());
  ASSERT_TRUE(Submit(queue, 2).ok());
  ASSERT_TRUE(Submit(queue, 3, {.deadline = soon}).ok());
  ASSERT_TRUE(Submit(queue, 4).ok());
  clock_.Advance(milliseconds(1));
  EXPECT_THAT(Take(queue), ElementsAre(2, 4));
  EXPECT_TRUE(queue.empty());
}

TEST_F(BatchQueueTest, ASweepTakesOutWhatIsOverAndKeepsTheOrder) {
  BatchQueue queue({.max_batch = 8});
  for (int64_t id = 0; id < 6; ++id) {
    const TimePoint deadline = clock_.Now() + milliseconds(id % 2 == 0 ? 3 : 9);
    ASSERT_TRUE(Submit(queue, id, {.bytes = 10, .deadline = deadline}).ok());
  }
  clock_.Advance(milliseconds(3));
  const auto swept = queue.Sweep(clock_.Now());
  ASSERT_EQ(swept.size(), 3u);
  EXPECT_EQ(swept[0].refusal.status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(queue.bytes(), 30);
  EXPECT_THAT(Take(queue), ElementsAre(1, 3));
  EXPECT_THAT(Take(queue), ElementsAre(5));
}

TEST_F(BatchQueueTest, SweepsAreAPauseApart) {
  BatchQueue queue({});
  const auto gone = std::make_shared<std::atomic<bool>>(false);
  ASSERT_TRUE(Submit(queue, 1, {.cancelled = gone}).ok());
  EXPECT_THAT(queue.Sweep(clock_.Now()), IsEmpty());
  *gone = true;
  clock_.Advance(BatchQueue::kSweepPause - std::chrono::nanoseconds(1));
  EXPECT_THAT(queue.Sweep(clock_.Now()), IsEmpty());
  clock_.Advance(std::chrono::nanoseconds(1));
  EXPECT_EQ(queue.Sweep(clock_.Now()).size(), 1u);
}

TEST_F(BatchQueueTest, TellsWhenTheOldestTaskArrived) {
  BatchQueue queue({.max_batch = 1});
  const TimePoint first = clock_.Now();
  ASSERT_TRUE(Submit(queue, 1).ok());
  clock_.Advance(milliseconds(3));
  ASSERT_TRUE(Submit(queue, 2).ok());
  EXPECT_EQ(queue.oldest_arrival(), first);
  EXPECT_EQ(queue.TakeBatch(clock_.Now()).batch.tasks[0]->enqueued(), first);
  EXPECT_EQ(queue.oldest_arrival(), first + milliseconds(3));
}

TEST_F(BatchQueueTest, GivesUpEverythingAtShutdown) {
  BatchQueue queue({.max_batch = 1});
  for (int64_t id = 0; id < 3; ++id) ASSERT_TRUE(Submit(queue, id, {.bytes = 7}).ok());
  EXPECT_THAT(Ids(queue.TakeAll()), ElementsAre(0, 1, 2));
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.bytes(), 0);
}

TEST_F(BatchQueueTest, HandsOutTheProgramsToRunAndWhatTheyAreExpectedToCost) {
  BatchQueue queue({.max_batch = 8});
  for (const auto& [size, micros] : kPaying) {
    queue.Costs(0).Calibrate(size, std::chrono::microseconds(micros));
  }
  for (int64_t id = 0; id < 7; ++id) ASSERT_TRUE(Submit(queue, id).ok());
  EXPECT_THAT(Take(queue), ElementsAre(0, 1, 2, 3, 4, 5, 6));
  EXPECT_THAT(taken_.batch.runs, ElementsAre(8)) << "padded";
  EXPECT_NEAR(Seconds(taken_.batch.predicted), 1700e-6, 2e-6);
  EXPECT_EQ(taken_.batch.reason, CloseReason::kIdle);
}

TEST_F(BatchQueueTest, MoreUrgentTasksGoFirstAndOthersFillTheBatch) {
  BatchQueue queue({.max_batch = 4});
  int64_t id = 0;
  for (const uint64_t priority : {3, 0, 1, 2, 9, 1}) {
    ASSERT_TRUE(Submit(queue, id++, {.priority = priority}).ok());
  }
  EXPECT_THAT(Take(queue), ElementsAre(2, 5, 1, 3)) << "without one the default, 2";
  EXPECT_THAT(Take(queue), ElementsAre(0, 4)) << "above the least urgent there is none";
}

TEST_F(BatchQueueTest, EveryPriorityHasItsTurnHoweverManyUrgentTasksCome) {
  BatchQueue queue({.max_batch = 1});
  ASSERT_TRUE(Submit(queue, -2, {.priority = 2}).ok());
  ASSERT_TRUE(Submit(queue, -3, {.priority = 3}).ok());
  std::vector<int64_t> order;
  for (int64_t id = 0; id < 40; ++id) {
    ASSERT_TRUE(Submit(queue, id, {.priority = 1}).ok());
    order.push_back(Take(queue)[0]);
  }
  const auto turn = [&](int64_t id) {
    return std::find(order.begin(), order.end(), id) - order.begin();
  };
  EXPECT_EQ(turn(-2), BatchQueue::kMostPassedOver);
  EXPECT_EQ(turn(-3), 2 * BatchQueue::kMostPassedOver);
}

TEST_F(BatchQueueTest, APriorityMayHaveATimeAndANumberOfTasksOfItsOwn) {
  BatchingOptions options;
  options.queue_policy.timeout = milliseconds(50);
  options.priority_policies[3] = {.timeout = milliseconds(5), .max_tasks = 1};
  BatchQueue queue(options);
  ASSERT_TRUE(Submit(queue, 1).ok());
  ASSERT_TRUE(Submit(queue, 2, {.priority = 3}).ok());
  EXPECT_EQ(Submit(queue, 3, {.priority = 3}).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(why_, Rejection::kPriority);
  clock_.Advance(milliseconds(5));
  EXPECT_THAT(Take(queue), ElementsAre(1));
  ASSERT_EQ(taken_.dropped.size(), 1);
  EXPECT_EQ(taken_.dropped[0].refusal.why, Rejection::kExpired);
}

TEST_F(BatchQueueTest, ATaskThatIsToBeDelayedGoesBehindThoseOfItsPriorityOnceItsTimeIsOver) {
  BatchingOptions options{.max_batch = 2};
  options.queue_policy = {.timeout = milliseconds(5), .action = TimeoutAction::kDelay};
  BatchQueue queue(options);
  for (int64_t id = 0; id < 2; ++id) ASSERT_TRUE(Submit(queue, id).ok());
  ASSERT_TRUE(Submit(queue, 10, {.priority = 3}).ok());
  clock_.Advance(milliseconds(5));
  for (int64_t id = 2; id < 5; ++id) ASSERT_TRUE(Submit(queue, id).ok());
  EXPECT_THAT(Take(queue), ElementsAre(2, 3));
  EXPECT_THAT(taken_.dropped, IsEmpty());
  ASSERT_TRUE(Submit(queue, 5).ok());
  EXPECT_THAT(Take(queue), ElementsAre(4, 0));
  clock_.Advance(milliseconds(50));  // once is enough: 1 keeps its place now
  EXPECT_THAT(Take(queue), ElementsAre(1, 5));
  EXPECT_THAT(Take(queue), ElementsAre(10));
  EXPECT_TRUE(queue.empty());
}

TEST_F(BatchQueueTest, ASweepKeepsTasksThatAreToBeDelayedBehindTheOthers) {
  BatchingOptions options{.max_batch = 4};
  options.queue_policy = {.timeout = milliseconds(5), .action = TimeoutAction::kDelay};
  BatchQueue queue(options);
  ASSERT_TRUE(Submit(queue, 0).ok());
  ASSERT_TRUE(Submit(queue, 1, {.deadline = clock_.Now() + milliseconds(5)}).ok());
  clock_.Advance(milliseconds(5));
  ASSERT_TRUE(Submit(queue, 2).ok());
  const auto dropped = queue.Sweep(clock_.Now());
  ASSERT_EQ(dropped.size(), 1u);
  EXPECT_EQ(AsFake(*dropped[0].task).id(), 1) << "its own deadline is not the policy's";
  EXPECT_EQ(queue.tasks(), 2);
  EXPECT_THAT(Take(queue), ElementsAre(2, 0));
}

TEST_F(BatchQueueTest, RefusesADeadlineThatCannotBeMetByWhatARunCosts) {
  BatchQueue queue({.max_batch = 8});
  ASSERT_TRUE(Submit(queue, 1, {.deadline = clock_.Now() + milliseconds(1)}).ok())
      << "nothing is known yet";
  queue.Costs(0).Calibrate(1, milliseconds(2));
  const absl::Status status = Submit(queue, 2, {.deadline = clock_.Now() + milliseconds(1)});
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(status.message(),
            "queue: the deadline cannot be met: 1.000 ms are left, about 2.002 ms are needed, "
            "0.000 of them to wait");
  EXPECT_EQ(why_, Rejection::kUnreachable);
  EXPECT_THAT(Take(queue), IsEmpty()) << "nor can that of the one that waits";
  EXPECT_EQ(taken_.dropped[0].refusal.why, Rejection::kUnreachable);
  EXPECT_TRUE(Submit(queue, 3, {.deadline = clock_.Now() + milliseconds(3)}).ok());
}

TEST_F(BatchQueueTest, RefusesADeadlineThatCannotBeMetBecauseOfWhatWaitsAndRuns) {
  BatchQueue queue({.max_batch = 1});
  queue.Costs(0).Calibrate(1, milliseconds(10));
  load_ = {.workers = 2, .idle = 0, .running = milliseconds(10)};
  for (int64_t id = 0; id < 4; ++id) ASSERT_TRUE(Submit(queue, id).ok());
  // 10 ms of batches that run and 40 ms that wait are 25 ms for two workers, a quarter more to be
  // on the safe side, and 10 for itself.
  EXPECT_FALSE(Submit(queue, 4, {.deadline = clock_.Now() + milliseconds(41)}).ok());
  EXPECT_EQ(why_, Rejection::kUnreachable);
  EXPECT_TRUE(Submit(queue, 5, {.deadline = clock_.Now() + milliseconds(42)}).ok());
  EXPECT_TRUE(Submit(queue, 6, {.deadline = clock_.Now() + milliseconds(17), .priority = 1}).ok())
      << "a more urgent one does not wait for the others";
}

TEST_F(BatchQueueTest, OtherModelsCountAsFarAsTheyShareTheWorkers) {
  BatchQueue queue({.max_batch = 1});
  queue.Costs(0).Calibrate(1, milliseconds(10));
  load_ = {.workers = 1, .idle = 0, .others = std::chrono::seconds(100), .others_waiting = 1};
  ASSERT_TRUE(Submit(queue, 1).ok());
  // A flooded neighbour has a turn for each of ours: 20 ms, a quarter more, and 10 for itself.
  EXPECT_FALSE(Submit(queue, 2, {.deadline = clock_.Now() + milliseconds(34)}).ok());
  EXPECT_TRUE(Submit(queue, 3, {.deadline = clock_.Now() + milliseconds(36)}).ok());
}

TEST_F(BatchQueueTest, RefusesWhatWouldWaitForTooLongAndSaysWhenToTryAgain) {
  BatchQueue queue({.max_batch = 1, .max_queue_wait = milliseconds(25)});
  queue.Costs(0).Calibrate(1, milliseconds(10));
  load_.idle = 0;
  for (int64_t id = 0; id < 3; ++id) ASSERT_TRUE(Submit(queue, id).ok());
  const absl::Status status = Submit(queue, 4);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(why_, Rejection::kQueueWait);
  EXPECT_NEAR(Seconds(*RetryAfter(status)), 5e-3, 1e-3);
}

TEST_F(BatchQueueTest, SaysToThoseWhoFindItFullWhenHalfOfItShouldBeDone) {
  BatchQueue queue({.max_batch = 1, .max_queue_tasks = 4});
  load_.idle = 0;
  for (int64_t id = 0; id < 3; ++id) ASSERT_TRUE(Submit(queue, id).ok());
  queue.Costs(0).Calibrate(1, milliseconds(100));
  ASSERT_TRUE(Submit(queue, 3).ok());
  EXPECT_NEAR(Seconds(*RetryAfter(Submit(queue, 4))), 0.05, 1e-3)
      << "of what is known of the work that waits";
}

// Or else an estimate that is too high would never be found out.
TEST_F(BatchQueueTest, TriesOneInManyOfThoseThatItExpectsToBeLate) {
  BatchQueue queue({});
  queue.Costs(0).Calibrate(1, milliseconds(2));
  int taken = 0;
  int ran = 0;
  for (int64_t id = 0; id < 10 * BatchQueue::kProbeEvery; ++id) {
    if (!Submit(queue, id, {.deadline = clock_.Now() + milliseconds(1)}).ok()) continue;
    ++taken;
    ran += static_cast<int>(Take(queue).size());
  }
  EXPECT_EQ(taken, 10);
  EXPECT_EQ(ran, 10);
}

TEST_F(BatchQueueTest, LearnsTheCostsOfClassesApartAndForgetsTheOldest) {
  BatchQueue queue({.max_batch = 4});
  queue.Costs(7).Observe(1, milliseconds(10));
  ASSERT_TRUE(Submit(queue, 1, {.deadline = clock_.Now() + milliseconds(1), .cost_class = 8}).ok());
  EXPECT_FALSE(
      Submit(queue, 2, {.deadline = clock_.Now() + milliseconds(1), .cost_class = 7}).ok());
  for (uint64_t other = 100; other < 100 + BatchQueue::kMaxCostClasses; ++other) queue.Costs(other);
  EXPECT_FALSE(queue.Costs(7).costs().known());
}

TEST_F(BatchQueueTest, WithoutADelayABatchIsDueAtOnce) {
  BatchQueue queue({});
  EXPECT_EQ(queue.NextBatchAt(), TimePoint::max());
  ASSERT_TRUE(Submit(queue, 1).ok());
  EXPECT_LE(queue.NextBatchAt(), clock_.Now());
}

TEST_F(BatchQueueTest, WithADelayABatchIsDueWhenItsOldestTaskHasWaitedOrItIsFull) {
  BatchQueue queue({.max_batch = 2, .delay = milliseconds(5)});
  const TimePoint first = clock_.Now();
  ASSERT_TRUE(Submit(queue, 1).ok());
  clock_.Advance(milliseconds(1));
  EXPECT_EQ(queue.NextBatchAt(), first + milliseconds(5));
  EXPECT_THAT(Take(queue), ElementsAre(1));
  EXPECT_EQ(taken_.batch.reason, CloseReason::kDelay);
  ASSERT_TRUE(Submit(queue, 2).ok());
  ASSERT_TRUE(Submit(queue, 3).ok());
  EXPECT_LE(queue.NextBatchAt(), clock_.Now());
  Take(queue);
  EXPECT_EQ(taken_.batch.reason, CloseReason::kFull);
}

TEST_F(BatchQueueTest, ADelayEndsEarlyForADeadlineAndAtAPreferredSize) {
  BatchQueue queue({.max_batch = 8, .delay = std::chrono::seconds(1), .preferred_batches = {2, 4}});
  queue.Costs(0).Calibrate(1, milliseconds(4));
  const TimePoint deadline = clock_.Now() + milliseconds(20);
  ASSERT_TRUE(Submit(queue, 1, {.deadline = deadline}).ok());
  EXPECT_LT(queue.NextBatchAt(), deadline - milliseconds(4));
  EXPECT_GT(queue.NextBatchAt(), deadline - milliseconds(8));
  for (int64_t id = 2; id <= 4; ++id) ASSERT_TRUE(Submit(queue, id).ok());
  EXPECT_LE(queue.NextBatchAt(), clock_.Now());
}

// Random arrivals, cancellations, expiries and takes; a model of the queue is kept beside it.
TEST_F(BatchQueueTest, WhatADueBatchLeavesWaitsForNoMoreCompany) {
  BatchQueue queue({.max_batch = 4, .delay = milliseconds(5)});
  for (int64_t id = 0; id < 4; ++id) {
    ASSERT_TRUE(Submit(queue, id, {.shape = static_cast<int>(id % 2)}).ok());
  }
  EXPECT_THAT(Take(queue), ElementsAre(0, 2));
  EXPECT_LE(queue.NextBatchAt(), clock_.Now()) << "they were of the four";
  EXPECT_THAT(Take(queue), ElementsAre(1, 3));
  // With more than is enough, the others have their delay.
  for (int64_t id = 4; id < 9; ++id) ASSERT_TRUE(Submit(queue, id).ok());
  EXPECT_THAT(Take(queue), ElementsAre(4, 5, 6, 7));
  EXPECT_EQ(queue.NextBatchAt(), clock_.Now() + milliseconds(5));
  clock_.Advance(milliseconds(4));
  ASSERT_TRUE(Submit(queue, 9, {.shape = 1}).ok());
  clock_.Advance(milliseconds(1));
  EXPECT_THAT(Take(queue), ElementsAre(8));
  EXPECT_LE(queue.NextBatchAt(), clock_.Now()) << "all that waited when the delay was over";
  EXPECT_THAT(Take(queue), ElementsAre(9));
  ASSERT_TRUE(Submit(queue, 10).ok());
  EXPECT_EQ(queue.NextBatchAt(), clock_.Now() + milliseconds(5));
}

TEST_F(BatchQueueTest, ABatchOfAPreferredSizeIsNotDividedAmongWorkers) {
  for (const bool preferred : {false, true}) {
    BatchingOptions options{.max_batch = 4, .delay = milliseconds(5)};
    if (preferred) options.preferred_batches = {4};
    BatchQueue queue(options);
    for (const int64_t size : {1, 2, 4}) queue.Costs(0).Calibrate(size, milliseconds(10 + size));
    for (int64_t id = 0; id < 4; ++id) ASSERT_TRUE(Submit(queue, id).ok());
    EXPECT_EQ(Take(queue, 4).size(), preferred ? 4u : 1u);
  }
}

}  // namespace
}  // namespace rectifier
