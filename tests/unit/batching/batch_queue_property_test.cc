// What holds for a BatchQueue whatever comes, tried with random arrivals.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "server/batching/batch_queue.h"
#include "tests/support/fake_clock.h"
#include "tests/unit/batching/fake_task.h"

namespace rectifier {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

class BatchQueuePropertyTest : public testing::Test {
 protected:
  FakeClock clock_;
};

TEST_F(BatchQueuePropertyTest, LosesNoTaskRepeatsNoneAndKeepsOrderAndBoundsForRandomArrivals) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    const auto pick = [&random](int64_t low, int64_t high) {
      return std::uniform_int_distribution<int64_t>(low, high)(random);
    };
    const BatchingOptions options{
        .max_batch = pick(1, 16), .max_queue_tasks = pick(1, 40), .max_queue_bytes = pick(1, 4000)};
    BatchQueue queue(options);
    TaskLog log;
    std::vector<std::shared_ptr<std::atomic<bool>>> cancelled;
    std::vector<int64_t> accepted;
    std::vector<int64_t> left;  // run or dropped, in the order in which the queue gave them up
    for (int step = 0; step < 400; ++step) {
      clock_.Advance(milliseconds(pick(0, 3)));
      const int64_t action = pick(0, 9);
      if (action < 6) {
        const auto id = static_cast<int64_t>(cancelled.size());
        cancelled.push_back(std::make_shared<std::atomic<bool>>(false));
        std::unique_ptr<Task> task =
            MakeTask(log, id,
                     {.samples = pick(1, options.max_batch),
                      .bytes = static_cast<size_t>(pick(0, 300)),
                      .deadline = pick(0, 1) != 0 ? TimePoint::max()
                                                  : clock_.Now() + milliseconds(pick(1, 30)),
                      .cancelled = cancelled.back()});
        const bool fits =
            queue.tasks() < options.max_queue_tasks &&
            queue.bytes() + static_cast<int64_t>(task->bytes()) <= options.max_queue_bytes;
        const auto refusal = queue.Submit(task, clock_.Now());
        ASSERT_EQ(!refusal, fits);
        if (!refusal) accepted.push_back(id);
      } else if (action < 8 && !cancelled.empty()) {
        *cancelled[static_cast<size_t>(pick(0, static_cast<int64_t>(cancelled.size()) - 1))] = true;
      } else {
        const bool had_work = !queue.empty();
        const BatchQueue::Taken taken = queue.TakeBatch(clock_.Now());
        ASSERT_LE(Samples(taken.batch.tasks), options.max_batch);
        ASSERT_EQ(!taken.batch.tasks.empty() || !taken.dropped.empty(), had_work);
        for (const auto& task : taken.batch.tasks) {
          ASSERT_FALSE(task->cancelled());
          ASSERT_GT(task->deadline(), clock_.Now());
        }
        std::vector<int64_t> ids = Ids(taken.batch.tasks);
        ASSERT_TRUE(std::is_sorted(ids.begin(), ids.end()));
        for (const auto& dropped : taken.dropped) {
          ids.push_back(AsFake(*dropped.task).id());
          ASSERT_TRUE(dropped.task->cancelled() || dropped.task->deadline() <= clock_.Now());
        }
        // Together they are not always a prefix of the queue (a task that did not fit stays in
        // front of a dropped one), but nothing may overtake a task that was run.
        left.insert(left.end(), ids.begin(), ids.end());
      }
      ASSERT_LE(queue.tasks(), options.max_queue_tasks);
      ASSERT_LE(queue.bytes(), options.max_queue_bytes);
      ASSERT_GE(queue.bytes(), 0);
      ASSERT_EQ(static_cast<int64_t>(accepted.size() - left.size()), queue.tasks());
    }
    for (const int64_t id : Ids(queue.TakeAll())) left.push_back(id);
    std::sort(left.begin(), left.end());
    EXPECT_EQ(left, accepted);
  }
}

TEST_F(BatchQueuePropertyTest, RunsTasksThatAreStillWantedInOrderOfArrivalForRandomTakes) {
  std::mt19937 random(7);
  BatchQueue queue({.max_batch = 8});
  TaskLog log;
  std::vector<int64_t> ran;
  int64_t next = 0;
  for (int step = 0; step < 3000; ++step) {
    if (random() % 4 != 0 && queue.tasks() < 100) {
      const int64_t samples = 1 + static_cast<int64_t>(random() % 8);
      const TimePoint deadline =
          random() % 3 == 0 ? clock_.Now() + milliseconds(2) : TimePoint::max();
      std::unique_ptr<Task> task =
          MakeTask(log, next++, {.samples = samples, .deadline = deadline});
      ASSERT_FALSE(queue.Submit(task, clock_.Now()));
    } else {
      const BatchQueue::Taken taken = queue.TakeBatch(clock_.Now());
      for (const int64_t id : Ids(taken.batch.tasks)) ran.push_back(id);
    }
    if (random() % 2 == 0) clock_.Advance(milliseconds(1));
  }
  EXPECT_GT(ran.size(), 100u);
  EXPECT_TRUE(std::is_sorted(ran.begin(), ran.end()));
}

// Tasks of several priorities and shapes, whose batches cost something that is learned meanwhile.
class MixedArrivals {
 public:
  static constexpr int kShapes = 3;

  explicit MixedArrivals(unsigned seed)
      : random_(seed),
        options_{.max_batch = Pick(1, 16),
                 .max_queue_tasks = 60,
                 .priority_levels = static_cast<int>(Pick(1, 4)),
                 .default_priority = 1},
        queue_(options_) {}

  void Step() {
    clock_.Advance(microseconds(Pick(0, 500)));
    if (Pick(0, 9) < 6) {
      Submit();
    } else {
      Take();
    }
  }

  void TakeTheRest() {
    for (const int64_t id : Ids(queue_.TakeAll())) Leave(id);
    for (const auto& [key, ids] : waiting_) EXPECT_TRUE(ids.empty());
  }

  int64_t ran() const { return ran_; }

 private:
  // Order is kept among those of one priority and shape.
  using Key = std::pair<uint64_t, int>;

  int64_t Pick(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random_);
  }

  void Submit() {
    const auto priority = static_cast<uint64_t>(Pick(1, options_.priority_levels));
    const auto shape = static_cast<int>(Pick(0, kShapes - 1));
    const int64_t id = next_++;
    std::unique_ptr<Task> task = MakeTask(
        log_, id,
        {.samples = Pick(1, options_.max_batch),
         .deadline = Pick(0, 3) == 0 ? clock_.Now() + milliseconds(Pick(1, 60)) : TimePoint::max(),
         .shape = shape,
         .priority = priority,
         .cost_class = static_cast<uint64_t>(shape)});
    if (!queue_.Submit(task, clock_.Now())) {
      waiting_[{priority, shape}].insert(id);
      key_of_[id] = {priority, shape};
    }
  }

  void Take() {
    BatchQueue::Taken taken = queue_.TakeBatch(clock_.Now());
    for (const auto& dropped : taken.dropped) Leave(AsFake(*dropped.task).id());
    FormedBatch& batch = taken.batch;
    if (batch.tasks.empty()) return;
    ExpectOneBatch(batch);
    const uint64_t first = key_of_.at(AsFake(*batch.tasks.front()).id()).first;
    ExpectThatNoPriorityStarves(first);
    for (const auto& task : batch.tasks) {
      const int64_t id = AsFake(*task).id();
      const std::set<int64_t>& rivals = waiting_.at(key_of_.at(id));
      EXPECT_EQ(*rivals.begin(), id) << "it has overtaken one of its priority and shape";
      Leave(id);
      ++ran_;
    }
    CostCurve& costs = queue_.Costs(batch.tasks.front()->cost_class());
    for (const int64_t size : batch.runs)
      costs.Observe(size, microseconds(50 + size * Pick(5, 40)));
  }

  void ExpectOneBatch(const FormedBatch& batch) const {
    const int64_t samples = Samples(batch.tasks);
    EXPECT_LE(samples, options_.max_batch);
    int64_t room = 0;
    for (const int64_t size : batch.runs) room += size;
    EXPECT_GE(room, samples);
    EXPECT_LT(room - batch.runs.back(), samples) << "the last run would be of padding only";
    for (const auto& task : batch.tasks) {
      EXPECT_TRUE(task->CanShareBatch(*batch.tasks.front()));
      EXPECT_EQ(task->cost_class(), batch.tasks.front()->cost_class());
      EXPECT_GT(task->deadline(), clock_.Now());
    }
  }

  // Of kMostPassedOver batches in a row for each priority, one that has tasks begins one.
  void ExpectThatNoPriorityStarves(uint64_t first) {
    for (int level = 1; level <= options_.priority_levels; ++level) {
      const auto priority = static_cast<uint64_t>(level);
      bool waits = false;
      for (const auto& [key, ids] : waiting_) waits |= key.first == priority && !ids.empty();
      int& passed_over = passed_over_[priority];
      passed_over = waits && priority != first ? passed_over + 1 : 0;
      EXPECT_LT(passed_over, BatchQueue::kMostPassedOver * options_.priority_levels);
    }
  }

  void Leave(int64_t id) {
    EXPECT_EQ(waiting_.at(key_of_.at(id)).erase(id), 1) << "it was lost or is given up twice";
  }

  std::mt19937 random_;
  FakeClock clock_;
  TaskLog log_;
  const BatchingOptions options_;
  BatchQueue queue_;
  int64_t next_ = 0;
  int64_t ran_ = 0;
  std::map<int64_t, Key> key_of_;
  std::map<Key, std::set<int64_t>> waiting_;
  std::map<uint64_t, int> passed_over_;
};

TEST_F(BatchQueuePropertyTest, PrioritiesAndShapesKeepTheirOrderAndNoneStarvesForRandomArrivals) {
  int64_t ran = 0;
  for (unsigned seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    MixedArrivals arrivals(seed);
    for (int step = 0; step < 600; ++step) arrivals.Step();
    arrivals.TakeTheRest();
    ran += arrivals.ran();
    if (HasFailure()) return;
  }
  EXPECT_GT(ran, 10000);
}

}  // namespace
}  // namespace rectifier
