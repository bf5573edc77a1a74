#include "server/batching/worker_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>

#include "server/batching/dynamic_batcher.h"
#include "tests/support/fake_clock.h"
#include "tests/unit/batching/fake_runner.h"
#include "tests/unit/batching/fake_task.h"

namespace rectifier {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Ne;
using ::testing::SizeIs;

class WorkerPoolTest : public testing::Test {
 protected:
  void Submit(DynamicBatcher& batcher, int64_t id, bool gathered = false) {
    std::unique_ptr<Task> task = MakeTask(log_, id);
    ASSERT_TRUE(batcher.Submit(task, gathered).ok());
  }

  FakeClock clock_;
  TaskLog log_;
  FakeObserver observer_;
};

TEST_F(WorkerPoolTest, ServesTheModelWhoseOldestTaskWaitedLongest) {
  FakeRunner runner;
  WorkerPool pool(1, clock_);
  DynamicBatcher first(pool, {.max_batch = 1}, runner, observer_);
  DynamicBatcher second(pool, {.max_batch = 1}, runner, observer_);
  DynamicBatcher third(pool, {.max_batch = 1}, runner, observer_);
  pool.Pause();
  int64_t id = 0;
  for (DynamicBatcher* batcher : {&third, &first, &second, &second, &third, &first}) {
    clock_.Advance(milliseconds(1));
    Submit(*batcher, id++);
  }
  pool.Resume();
  log_.WaitForEnded(6);
  EXPECT_THAT(log_.ran(), ElementsAre(0, 1, 2, 3, 4, 5));
}

// The flood came first, and has hundreds of tasks in front of the other model's.
TEST_F(WorkerPoolTest, AFloodedModelDoesNotStarveAnother) {
  FakeRunner flooded_runner;
  FakeRunner runner;
  flooded_runner.set_cost(milliseconds(10));
  runner.set_cost(milliseconds(10));
  WorkerPool pool(1, clock_);
  DynamicBatcher flooded(pool, {.max_batch = 1}, flooded_runner, observer_);
  DynamicBatcher other(pool, {.max_batch = 1}, runner, observer_);
  pool.Pause();
  for (int64_t id = 0; id < 200; ++id) Submit(flooded, id);
  clock_.Advance(milliseconds(1));
  for (int64_t id = 1000; id < 1010; ++id) Submit(other, id);
  pool.Resume();
  log_.WaitForEnded(210);
  const std::vector<int64_t> ran = log_.ran();
  const auto last = std::find(ran.begin(), ran.end(), 1009) - ran.begin();
  EXPECT_LE(last, 20) << "turn by turn";
}

TEST_F(WorkerPoolTest, AModelThatWasIdleIsNotOwedTheTimeThatItDidNotUse) {
  FakeRunner busy_runner;
  FakeRunner runner;
  busy_runner.set_cost(milliseconds(10));
  runner.set_cost(milliseconds(10));
  WorkerPool pool(1, clock_);
  DynamicBatcher busy(pool, {.max_batch = 1}, busy_runner, observer_);
  DynamicBatcher idle(pool, {.max_batch = 1}, runner, observer_);
  for (int64_t id = 0; id < 100; ++id) Submit(busy, id);
  log_.WaitForEnded(100);
  pool.Pause();
  for (int64_t id = 100; id < 120; ++id) Submit(busy, id);
  for (int64_t id = 1000; id < 1020; ++id) Submit(idle, id);
  pool.Resume();
  log_.WaitForEnded(140);
  const std::vector<int64_t> ran = log_.ran();
  const auto first_busy = std::find(ran.begin(), ran.end(), 100) - ran.begin();
  EXPECT_LE(first_busy, 103);
}

TEST_F(WorkerPoolTest, RunsNoMoreBatchesOfAModelAtATimeThanItMayHave) {
  std::atomic<int> running = 0;
  std::atomic<bool> overlapped = false;
  FakeRunner runner([&](int) {
    if (running.fetch_add(1) != 0) overlapped = true;
    std::this_thread::yield();
    --running;
  });
  WorkerPool pool(3, SteadyClock());
  DynamicBatcher batcher(pool, {.max_batch = 1, .max_concurrent = 1}, runner, observer_);
  for (int64_t id = 0; id < 300; ++id) Submit(batcher, id);
  log_.WaitForEnded(300);
  EXPECT_FALSE(overlapped);
}

TEST_F(WorkerPoolTest, ADelayedBatchIsRunWhenItsTimeHasCome) {
  FakeRunner runner;
  WorkerPool pool(1, SteadyClock());
  auto batcher = std::make_unique<DynamicBatcher>(
      pool, BatchingOptions{.max_batch = 8, .delay = milliseconds(1)}, runner, observer_);
  Submit(*batcher, 1);
  log_.WaitForEnded(1);
  batcher.reset();  // waits for the worker
  EXPECT_THAT(observer_.closed(), ElementsAre(CloseReason::kDelay));
}

// Which thread ran each batch, of a model that takes 20 µs for one sample and 40 µs for four.
class GatheredTest : public WorkerPoolTest {
 protected:
  GatheredTest()
      : runner_([this](int) { threads_.push_back(std::this_thread::get_id()); }),
        pool_(2, clock_, microseconds(50)),
        batcher_(pool_, {.max_batch = 4}, runner_, observer_) {
    batcher_.Calibrate({1, microseconds(20)});
    batcher_.Calibrate({2, microseconds(30)});
    batcher_.Calibrate({4, microseconds(40)});
    pool_.WaitUntilIdle();  // a worker that is awake takes what it finds
  }

  void Gather(int64_t id) { Submit(batcher_, id, true); }

  std::thread::id here_ = std::this_thread::get_id();
  std::vector<std::thread::id> threads_;  // one batch runs at a time
  FakeRunner runner_;
  WorkerPool pool_;
  DynamicBatcher batcher_;
};

TEST_F(GatheredTest, ShortBatchesAreRunByWhoeverGathersThem) {
  for (int64_t id = 1; id <= 6; ++id) Gather(id);
  EXPECT_THAT(log_.ran(), IsEmpty());
  EXPECT_TRUE(pool_.RunGathered()) << "nothing waits or runs any more";
  EXPECT_THAT(log_.ran(), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(threads_, ElementsAre(here_, here_)) << "of four and of two";
  EXPECT_EQ(observer_.tasks(), 0);
  pool_.RunGathered();
  EXPECT_THAT(threads_, SizeIs(2)) << "nothing is left";
}

TEST_F(GatheredTest, ATaskThatNobodyGathersIsAWorkers) {
  Submit(batcher_, 1);
  log_.WaitForEnded(1);
  EXPECT_NE(threads_.front(), here_);
}

TEST_F(GatheredTest, ALongBatchIsAWorkersAtOnce) {
  for (const int64_t size : {1, 2, 4}) batcher_.Calibrate({size, microseconds(51)});
  Gather(1);
  log_.WaitForEnded(1);
  EXPECT_NE(threads_.front(), here_);
}

TEST_F(GatheredTest, ABatchOfWhichNothingIsKnownIsAWorkersAtOnce) {
  DynamicBatcher unknown(pool_, {}, runner_, observer_);
  Submit(unknown, 1, true);
  log_.WaitForEnded(1);
  EXPECT_NE(threads_.front(), here_);
}

TEST_F(GatheredTest, WhatHasBecomeLongTogetherIsAWorkersAtOnce) {
  WorkerPool pool(1, clock_, microseconds(50));
  DynamicBatcher batcher(pool, {.max_batch = 4}, runner_, observer_);
  batcher.Calibrate({1, microseconds(20)});
  batcher.Calibrate({2, microseconds(27)});  // three take 47
  batcher.Calibrate({4, microseconds(51)});
  pool.WaitUntilIdle();
  for (int64_t id = 1; id <= 3; ++id) Submit(batcher, id, true);
  EXPECT_THAT(log_.ran(), IsEmpty());
  Submit(batcher, 4, true);
  log_.WaitForEnded(4);
  EXPECT_THAT(threads_, Each(Ne(here_)));
}

TEST_F(GatheredTest, ALongBatchOfAnotherModelIsLeftToAWorker) {
  FakeRunner long_runner([this](int) { threads_.push_back(std::this_thread::get_id()); });
  DynamicBatcher other(pool_, {.max_batch = 1}, long_runner, observer_);
  other.Calibrate({1, milliseconds(1)});
  pool_.Pause();
  Submit(other, 100);
  pool_.Resume();
  pool_.RunGathered();
  log_.WaitForEnded(1);
  EXPECT_THAT(threads_, ElementsAre(Ne(here_)));
}

TEST_F(GatheredTest, ADelayIsWaitedForByAWorker) {
  DynamicBatcher delayed(pool_, {.max_batch = 4, .delay = milliseconds(1)}, runner_, observer_);
  delayed.Calibrate({1, microseconds(20)});
  Submit(delayed, 1, true);
  EXPECT_FALSE(pool_.RunGathered()) << "something waits";
  EXPECT_THAT(log_.ran(), IsEmpty());
  clock_.Advance(milliseconds(1));
  log_.WaitForEnded(1);
  EXPECT_NE(threads_.front(), here_);
}

TEST_F(GatheredTest, NothingIsRunWhileThePoolIsPaused) {
  pool_.Pause();
  Gather(1);
  pool_.RunGathered();
  EXPECT_THAT(log_.ran(), IsEmpty());
  pool_.Resume();
  pool_.RunGathered();
  log_.WaitForEnded(1);
}

TEST_F(GatheredTest, NoMoreBatchesRunAtATimeThanThereAreWorkers) {
  LatchCounter gate;
  FakeRunner blocked([&](int) { gate.WaitFor(1); });
  DynamicBatcher other(pool_, {.max_batch = 1}, blocked, observer_);
  for (int64_t id = 100; id < 102; ++id) Submit(other, id);
  blocked.begun().WaitFor(2);
  Gather(1);
  EXPECT_FALSE(pool_.RunGathered()) << "batches run";
  EXPECT_THAT(threads_, IsEmpty());
  gate.Add();
  log_.WaitForEnded(3);
  EXPECT_THAT(threads_, ElementsAre(Ne(here_))) << "a worker takes it when it is done";
}

TEST_F(GatheredTest, TheOtherWorkersTakeWhatComesMeanwhile) {
  LatchCounter gate;
  FakeRunner blocked([&](int) { gate.WaitFor(1); });
  DynamicBatcher other(pool_, {.max_batch = 1}, blocked, observer_);
  other.Calibrate({1, microseconds(20)});
  std::thread gatherer([&] {
    Submit(other, 100, true);
    pool_.RunGathered();
  });
  blocked.begun().WaitFor(1);
  Submit(batcher_, 1);
  log_.WaitForEnded(1);
  EXPECT_NE(threads_.front(), here_);
  gate.Add();
  gatherer.join();
}

TEST_F(WorkerPoolTest, NoBatchIsShortWhereNoneIsToBe) {
  std::thread::id ran;
  FakeRunner runner([&](int) { ran = std::this_thread::get_id(); });
  WorkerPool pool(1, clock_, Duration::zero());
  DynamicBatcher batcher(pool, {}, runner, observer_);
  batcher.Calibrate({1, std::chrono::nanoseconds(1)});
  Submit(batcher, 1, true);
  log_.WaitForEnded(1);
  EXPECT_NE(ran, std::this_thread::get_id());
}

// A runner that belongs to whoever has its batcher, which a task of its own lets go of.
TEST_F(WorkerPoolTest, ABatcherIsKeptUntilItsBatchHasEnded) {
  struct AddsWhenFreed {
    ~AddsWhenFreed() { counter.Add(); }
    LatchCounter& counter;
  };
  struct Served final : public BatchRunner, public std::enable_shared_from_this<Served> {
    Served(WorkerPool& pool, BatchObserver& observer, LatchCounter& counter)
        : freed{counter}, batcher(pool, {}, *this, observer) {}
    std::vector<MeasuredRun> RunBatch(FormedBatch batch, int /*worker*/) override {
      last.reset();
      for (const auto& task : batch.tasks) AsFake(*task).Run();
      return {};
    }
    std::shared_ptr<const void> Hold() override { return weak_from_this().lock(); }

    std::shared_ptr<Served> last;
    AddsWhenFreed freed;  // once the batcher has left the pool
    DynamicBatcher batcher;
  };
  LatchCounter freed;
  WorkerPool pool(1, clock_);
  auto served = std::make_shared<Served>(pool, observer_, freed);
  served->last = served;
  DynamicBatcher& batcher = served->batcher;
  pool.Pause();
  Submit(batcher, 1);
  served.reset();
  pool.Resume();
  log_.WaitForEnded(1);
  freed.WaitFor(1);
}

TEST_F(WorkerPoolTest, TellsWhatBatchesCostAndWhatTheyWereExpectedTo) {
  FakeRunner runner;
  runner.set_cost(milliseconds(10));
  WorkerPool pool(1, clock_);
  auto batcher =
      std::make_unique<DynamicBatcher>(pool, BatchingOptions{.max_batch = 2}, runner, observer_);
  batcher->Calibrate({1, milliseconds(8)});
  EXPECT_THAT(observer_.costs(), ElementsAre(testing::Pair(1, milliseconds(8))));
  Submit(*batcher, 1);
  log_.WaitForEnded(1);
  batcher.reset();  // waits for the worker
  EXPECT_NEAR(Seconds(observer_.predicted()), 8e-3, 1e-4);
  EXPECT_EQ(observer_.measured(), milliseconds(10));
  EXPECT_GT(observer_.costs()[1], milliseconds(8)) << "dearer than it was thought to be";
}

TEST_F(WorkerPoolTest, NeverMixesModelsInOneBatch) {
  FakeRunner first_runner;
  FakeRunner second_runner;
  WorkerPool pool(1, clock_);
  DynamicBatcher first(pool, {}, first_runner, observer_);
  DynamicBatcher second(pool, {}, second_runner, observer_);
  pool.Pause();
  for (int64_t id = 0; id < 6; ++id) Submit(id % 3 == 0 ? first : second, id);
  pool.Resume();
  log_.WaitForEnded(6);
  EXPECT_THAT(first_runner.batches(), ElementsAre(2));
  EXPECT_THAT(second_runner.batches(), ElementsAre(4));
}

// A worker looks for its next batch in the same step in which it leaves the last one, for which a
// batcher's destructor waits: after it, there is nothing left that could still begin.
TEST_F(WorkerPoolTest, BeginsNoBatchWhilePaused) {
  LatchCounter gate;
  FakeRunner first_runner([&](int) { gate.WaitFor(1); });
  FakeRunner second_runner;
  WorkerPool pool(1, clock_);
  FakeObserver first_observer;
  auto first =
      std::make_unique<DynamicBatcher>(pool, BatchingOptions{}, first_runner, first_observer);
  DynamicBatcher second(pool, {}, second_runner, observer_);
  Submit(*first, 1);
  first_runner.begun().WaitFor(1);
  Submit(second, 2);
  pool.Pause();
  gate.Add();
  first.reset();
  EXPECT_EQ(observer_.tasks(), 1);
  EXPECT_EQ(second_runner.begun().count(), 0);
}

TEST_F(WorkerPoolTest, RunsWhatWaitedWhenResumed) {
  FakeRunner runner;
  WorkerPool pool(2, clock_);
  DynamicBatcher batcher(pool, {}, runner, observer_);
  pool.Pause();
  for (int64_t id = 0; id < 3; ++id) Submit(batcher, id);
  pool.Resume();
  log_.WaitForEnded(3);
  EXPECT_EQ(runner.batches()[0] + runner.batches()[1], 3) << "as 2 and 1";
}

TEST_F(WorkerPoolTest, RunsOneBatchAtATimeWithEachWorkerIndex) {
  constexpr int kWorkers = 4;
  std::vector<std::atomic<int>> running(kWorkers);
  std::atomic<bool> overlapped = false;
  FakeRunner runner([&](int worker) {
    if (running[static_cast<size_t>(worker)].fetch_add(1) != 0) overlapped = true;
    std::this_thread::yield();
    --running[static_cast<size_t>(worker)];
  });
  WorkerPool pool(kWorkers, SteadyClock());
  EXPECT_EQ(pool.workers(), kWorkers);
  DynamicBatcher first(pool, {.max_batch = 1}, runner, observer_);
  DynamicBatcher second(pool, {.max_batch = 1}, runner, observer_);
  for (int64_t id = 0; id < 500; ++id) Submit(id % 2 == 0 ? first : second, id);
  log_.WaitForEnded(500);
  EXPECT_FALSE(overlapped);
}

TEST_F(WorkerPoolTest, WorkersDoNotPreemptTheThreadThatWakesThem) {
  int policy = -1;
  FakeRunner runner([&policy](int) {
    sched_param unused{};
    pthread_getschedparam(pthread_self(), &policy, &unused);
  });
  WorkerPool pool(1, clock_);
  DynamicBatcher batcher(pool, {}, runner, observer_);
  Submit(batcher, 1);
  log_.WaitForEnded(1);
  EXPECT_EQ(policy, SCHED_BATCH);
}

TEST_F(WorkerPoolTest, StopsWithoutEverHavingRunAnything) {
  const WorkerPool pool(3, clock_);
  EXPECT_THAT(log_.ran(), IsEmpty());
}

TEST_F(WorkerPoolTest, StopsWhilePaused) {
  WorkerPool pool(2, clock_);
  pool.Pause();
}

// Models come and go while others serve: what each accepted is ended before it is gone.
TEST_F(WorkerPoolTest, ServesOtherModelsWhileModelsComeAndGo) {
  FakeRunner runner;
  WorkerPool pool(2, SteadyClock());
  DynamicBatcher steady(pool, {.max_queue_tasks = 10000}, runner, observer_);
  std::thread coming_and_going([&] {
    for (int64_t round = 0; round < 100; ++round) {
      FakeRunner own_runner;
      FakeObserver own_observer;
      TaskLog own_log;
      {
        DynamicBatcher batcher(pool, {.max_batch = 2}, own_runner, own_observer);
        for (int64_t id = 0; id < 5; ++id) {
          std::unique_ptr<Task> task = MakeTask(own_log, id);
          EXPECT_TRUE(batcher.Submit(task).ok());
        }
      }
      for (int64_t id = 0; id < 5; ++id) EXPECT_EQ(own_log.TimesEnded(id), 1);
    }
  });
  for (int64_t id = 0; id < 1000; ++id) Submit(steady, id);
  coming_and_going.join();
  log_.WaitForEnded(1000);
  EXPECT_EQ(log_.ran().size(), 1000u);
}

}  // namespace
}  // namespace rectifier
