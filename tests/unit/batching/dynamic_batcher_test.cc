#include "server/batching/dynamic_batcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include "tests/support/fake_clock.h"
#include "tests/unit/batching/fake_runner.h"
#include "tests/unit/batching/fake_task.h"

namespace rectifier {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class DynamicBatcherTest : public testing::Test {
 protected:
  absl::Status Submit(DynamicBatcher& batcher, int64_t id, FakeTaskOptions options = {}) {
    std::unique_ptr<Task> task = MakeTask(log_, id, std::move(options));
    absl::Status status = batcher.Submit(task);
    EXPECT_EQ(task == nullptr, status.ok()) << "the task is taken iff the answer is OK";
    return status;
  }

  FakeClock clock_;
  TaskLog log_;
  FakeObserver observer_;
};

// The clock stands still: a batcher that waited for company would wait for ever.
TEST_F(DynamicBatcherTest, RunsALoneTaskWithoutAnyTimePassing) {
  FakeRunner runner;
  WorkerPool pool(1, clock_);
  DynamicBatcher batcher(pool, {.max_batch = 32}, runner, observer_);
  ASSERT_TRUE(Submit(batcher, 1).ok());
  log_.WaitForEnded(1);
  EXPECT_THAT(runner.batches(), ElementsAre(1));
}

TEST_F(DynamicBatcherTest, JoinsTasksThatArriveWhileTheWorkersAreBusy) {
  LatchCounter gate;
  FakeRunner runner([&](int) { gate.WaitFor(1); });
  WorkerPool pool(1, clock_);
  DynamicBatcher batcher(pool, {.max_batch = 4}, runner, observer_);
  ASSERT_TRUE(Submit(batcher, 0).ok());
  runner.begun().WaitFor(1);
  for (int64_t id = 1; id <= 6; ++id) ASSERT_TRUE(Submit(batcher, id).ok());
  gate.Add();
  log_.WaitForEnded(7);
  EXPECT_THAT(runner.batches(), ElementsAre(1, 4, 2));
  EXPECT_THAT(log_.ran(), ElementsAre(0, 1, 2, 3, 4, 5, 6));
}

TEST_F(DynamicBatcherTest, UsesASecondWorkerWhileTheFirstIsBusy) {
  LatchCounter both;
  FakeRunner runner([&](int) {
    both.Add();
    both.WaitFor(2);
  });
  WorkerPool pool(2, clock_);
  DynamicBatcher batcher(pool, {}, runner, observer_);
  ASSERT_TRUE(Submit(batcher, 1).ok());
  runner.begun().WaitFor(1);
  ASSERT_TRUE(Submit(batcher, 2).ok());
  log_.WaitForEnded(2);
  EXPECT_THAT(runner.batches(), ElementsAre(1, 1));
}

TEST_F(DynamicBatcherTest, AnswersResourceExhaustedAtOnceWhileTheWorkersAreStalled) {
  FakeRunner runner;
  WorkerPool pool(1, clock_);
  DynamicBatcher batcher(pool, {.max_queue_tasks = 2}, runner, observer_);
  pool.Pause();
  ASSERT_TRUE(Submit(batcher, 1).ok());
  ASSERT_TRUE(Submit(batcher, 2).ok());
  const absl::Status status = Submit(batcher, 3);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("max_queue_tasks"));
}

TEST_F(DynamicBatcherTest, AFullQueueDropsWhatIsOverToMakeRoom) {
  FakeRunner runner;
  WorkerPool pool(1, clock_);
  DynamicBatcher batcher(pool, {.max_queue_tasks = 3}, runner, observer_);
  pool.Pause();
  const auto gone = std::make_shared<std::atomic<bool>>(false);
  ASSERT_TRUE(Submit(batcher, 1, {.deadline = clock_.Now() + milliseconds(5)}).ok());
  ASSERT_TRUE(Submit(batcher, 2).ok());
  ASSERT_TRUE(Submit(batcher, 3, {.cancelled = gone}).ok());
  EXPECT_EQ(Submit(batcher, 4).code(), absl::StatusCode::kResourceExhausted);
  clock_.Advance(milliseconds(5));
  *gone = true;
  ASSERT_TRUE(Submit(batcher, 5).ok());
  log_.WaitForEnded(2);
  ASSERT_TRUE(Submit(batcher, 6).ok());
  EXPECT_EQ(Submit(batcher, 7).code(), absl::StatusCode::kResourceExhausted);
  pool.Resume();
  log_.WaitForEnded(5);
  EXPECT_THAT(log_.ran(), ElementsAre(2, 5, 6));
}

TEST_F(DynamicBatcherTest, DropsExpiredAndCancelledTasksWithoutRunningThem) {
  FakeRunner runner;
  WorkerPool pool(1, clock_);
  DynamicBatcher batcher(pool, {}, runner, observer_);
  pool.Pause();
  auto cancelled = std::make_shared<std::atomic<bool>>(false);
  ASSERT_TRUE(Submit(batcher, 1, {.deadline = clock_.Now() + milliseconds(1)}).ok());
  ASSERT_TRUE(Submit(batcher, 2, {.cancelled = cancelled}).ok());
  ASSERT_TRUE(Submit(batcher, 3).ok());
  clock_.Advance(milliseconds(1));
  *cancelled = true;
  pool.Resume();
  log_.WaitForEnded(3);
  EXPECT_THAT(log_.ran(), ElementsAre(3));
  EXPECT_THAT(log_.dropped()[1], ElementsAre(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(log_.dropped()[2], ElementsAre(absl::StatusCode::kCancelled));
  EXPECT_THAT(observer_.dropped(), ElementsAre(Rejection::kExpired, Rejection::kCancelled));
}

TEST_F(DynamicBatcherTest, DoesNotRunAnEmptyBatch) {
  FakeRunner runner;
  WorkerPool pool(1, clock_);
  std::optional<DynamicBatcher> batcher(std::in_place, pool, BatchingOptions{}, runner, observer_);
  pool.Pause();
  ASSERT_TRUE(Submit(*batcher, 1, {.deadline = clock_.Now() + milliseconds(1)}).ok());
  clock_.Advance(milliseconds(1));
  pool.Resume();
  log_.WaitForEnded(1);
  batcher.reset();  // waits for the worker
  EXPECT_EQ(runner.begun().count(), 0);
}

TEST_F(DynamicBatcherTest, ReportsTheDepthAfterEveryChange) {
  FakeRunner runner;
  WorkerPool pool(1, clock_);
  DynamicBatcher batcher(pool, {}, runner, observer_);
  pool.Pause();
  ASSERT_TRUE(Submit(batcher, 1, {.bytes = 10}).ok());
  ASSERT_TRUE(Submit(batcher, 2, {.bytes = 5}).ok());
  EXPECT_EQ(observer_.tasks(), 2);
  EXPECT_EQ(observer_.bytes(), 15);
  pool.Resume();
  log_.WaitForEnded(2);
  EXPECT_EQ(observer_.tasks(), 0);
  EXPECT_EQ(observer_.bytes(), 0);
}

TEST_F(DynamicBatcherTest, DropsWhatWaitsAsUnavailableWhenDestroyed) {
  FakeRunner runner;
  WorkerPool pool(1, clock_);
  {
    DynamicBatcher batcher(pool, {}, runner, observer_);
    pool.Pause();
    ASSERT_TRUE(Submit(batcher, 1, {.bytes = 10}).ok());
    ASSERT_TRUE(Submit(batcher, 2, {.bytes = 10}).ok());
  }
  EXPECT_THAT(log_.ran(), IsEmpty());
  EXPECT_THAT(log_.dropped()[1], ElementsAre(absl::StatusCode::kUnavailable));
  EXPECT_THAT(log_.dropped()[2], ElementsAre(absl::StatusCode::kUnavailable));
  EXPECT_EQ(observer_.tasks(), 0);
  EXPECT_EQ(observer_.bytes(), 0);
}

// The batch is let go by the Drop() that the destructor makes, so it is still running by then.
TEST_F(DynamicBatcherTest, WaitsForItsRunningBatchWhenDestroyed) {
  LatchCounter gate;
  std::atomic<bool> finished = false;
  FakeRunner runner([&](int) {
    gate.WaitFor(1);
    finished = true;
  });
  WorkerPool pool(1, clock_);
  {
    DynamicBatcher batcher(pool, {}, runner, observer_);
    ASSERT_TRUE(Submit(batcher, 1).ok());
    runner.begun().WaitFor(1);
    ASSERT_TRUE(Submit(batcher, 2, {.on_drop = [&gate] { gate.Add(); }}).ok());
  }
  EXPECT_TRUE(finished);
  EXPECT_THAT(log_.ran(), ElementsAre(1));
}

TEST_F(DynamicBatcherTest, AnswersUnavailableOnceItsDestructionBegan) {
  FakeRunner runner;
  WorkerPool pool(1, clock_);
  pool.Pause();
  auto batcher = std::make_unique<DynamicBatcher>(pool, BatchingOptions{}, runner, observer_);
  DynamicBatcher* borrowed = batcher.get();
  absl::Status second;
  ASSERT_TRUE(Submit(*batcher, 1, {.on_drop = [&] { second = Submit(*borrowed, 2); }}).ok());
  batcher.reset();
  EXPECT_EQ(second.code(), absl::StatusCode::kUnavailable);
}

TEST_F(DynamicBatcherTest, HoldsNoLockWhileItDropsOrRuns) {
  FakeRunner* borrowed_runner = nullptr;
  DynamicBatcher* borrowed = nullptr;
  FakeRunner runner([&](int) {
    if (borrowed_runner->begun().count() == 1) {
      EXPECT_TRUE(Submit(*borrowed, 3).ok());
    }
  });
  borrowed_runner = &runner;
  WorkerPool pool(1, clock_);
  DynamicBatcher batcher(pool, {}, runner, observer_);
  borrowed = &batcher;
  pool.Pause();
  FakeTaskOptions expiring{.deadline = clock_.Now() + milliseconds(1),
                           .on_drop = [&] { EXPECT_TRUE(Submit(batcher, 2).ok()); }};
  ASSERT_TRUE(Submit(batcher, 1, std::move(expiring)).ok());
  clock_.Advance(milliseconds(1));
  pool.Resume();
  log_.WaitForEnded(3);
  EXPECT_THAT(log_.ran(), ElementsAre(2, 3));
}

TEST_F(DynamicBatcherTest, LosesNoTaskAndRepeatsNoneUnderConcurrentLoad) {
  constexpr int kThreads = 4;
  constexpr int64_t kTasksPerThread = 500;
  FakeRunner runner;
  std::atomic<int64_t> accepted = 0;
  std::vector<std::atomic<bool>> taken(kThreads * kTasksPerThread);
  {
    WorkerPool pool(3, SteadyClock());
    DynamicBatcher batcher(pool, {.max_batch = 8, .max_queue_tasks = 64}, runner, observer_);
    std::vector<std::thread> clients;
    clients.reserve(kThreads);
    for (int client = 0; client < kThreads; ++client) {
      clients.emplace_back([&, client] {
        std::mt19937 random(static_cast<unsigned>(client));
        for (int64_t i = 0; i < kTasksPerThread; ++i) {
          const int64_t id = client * kTasksPerThread + i;
          auto cancelled = std::make_shared<std::atomic<bool>>(false);
          FakeTaskOptions options{.samples = 1 + static_cast<int64_t>(random() % 8),
                                  .bytes = random() % 100,
                                  .cancelled = cancelled};
          if (random() % 4 == 0) {
            options.deadline = SteadyClock().Now() + std::chrono::microseconds(random() % 200);
          }
          if (Submit(batcher, id, std::move(options)).ok()) {
            ++accepted;
            taken[static_cast<size_t>(id)] = true;
          }
          if (random() % 4 == 0) *cancelled = true;
        }
      });
    }
    for (std::thread& client : clients) client.join();
    // Some still wait: the batcher is destroyed with work in its queue.
  }
  int64_t ended = 0;
  for (int64_t id = 0; id < kThreads * kTasksPerThread; ++id) {
    EXPECT_EQ(log_.TimesEnded(id), taken[static_cast<size_t>(id)] ? 1 : 0) << "task " << id;
    ended += log_.TimesEnded(id);
  }
  EXPECT_EQ(ended, accepted);
  EXPECT_GT(accepted, 0);
  for (const int64_t samples : runner.batches()) EXPECT_LE(samples, 8);
  EXPECT_EQ(observer_.tasks(), 0);
  EXPECT_EQ(observer_.bytes(), 0);
}

using DynamicBatcherDeathTest = DynamicBatcherTest;

TEST_F(DynamicBatcherDeathTest, FailsACheckWhenDestroyedFromInsideItsOwnBatch) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        std::unique_ptr<DynamicBatcher> batcher;
        FakeRunner runner([&](int) { batcher.reset(); });
        WorkerPool pool(1, clock_);
        batcher = std::make_unique<DynamicBatcher>(pool, BatchingOptions{}, runner, observer_);
        (void)Submit(*batcher, 1);
        log_.WaitForEnded(1);
      },
      "check failed");
}

}  // namespace
}  // namespace rectifier
