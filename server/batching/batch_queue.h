#pragma once

#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "server/batching/batching_policy.h"
#include "server/batching/cost_curve.h"
#include "server/batching/task.h"
#include "server/core/clock.h"

namespace rectifier {

// The workers that a queue shares with others.
struct PoolLoad {
  int workers = 1;
  int idle = 1;
  Duration running{};      // what is left of the batches that run, as predicted
  Duration others{};       // what waits in other queues
  int others_waiting = 0;  // in how many of them something does
};

// A BatchQueue holds one model's waiting tasks, in order of priority and arrival, within bounds,
// and hands out batches as ChooseBatch() says. From what its batches cost it tells how long a task
// will wait, and refuses those that cannot be done in time. It has no threads, no lock and no
// clock: the caller brings the time, so tests and simulations drive it by hand.
//
// Threading: none of its own; the owner guards it.
// Ownership: takes the task iff Submit() takes it.
class BatchQueue {
 public:
  explicit BatchQueue(const BatchingOptions& options);

  struct Refusal {
    Rejection why;
    // CANCELLED, DEADLINE_EXCEEDED, or RESOURCE_EXHAUSTED with the bound that is reached and the
    // time after which to try again.
    absl::Status status;
  };
  // Nothing when the task is taken; `task` is left with the caller otherwise. It has 1 to max_batch
  // samples. `now` never goes back.
  std::optional<Refusal> Submit(std::unique_ptr<Task>& task, TimePoint now,
                                const PoolLoad& load = {});

  struct Dropped {
    std::unique_ptr<Task> task;
    Refusal refusal;
  };
  struct Taken {
    FormedBatch batch;             // to run; without tasks when nothing is left to run
    std::vector<Dropped> dropped;  // over while they waited; the caller drops them
  };
  // The batch begins with the first task of the most urgent priority that has one, unless another's
  // turn has come: of kMostPassedOver batches in a row for each of the priorities, one that has
  // tasks all the time begins at least one. A batch holds, in order, those after it that may share
  // its batch; the others keep their places. Only the first kMaxLookedAt tasks are looked at, and
  // of those no more than fill the batch: one that is over further back keeps its place until its
  // turn comes, or until a sweep; and so does one whose time to wait is over where the policy has
  // it delayed, which then goes to the end of its priority. `idle_workers`: the caller is one.
  Taken TakeBatch(TimePoint now, int idle_workers = 1);
  static constexpr size_t kMaxLookedAt = 256;
  static constexpr int kMostPassedOver = 8;

  // What the next batch is expected to take, or more; zero when that is not known, when nothing
  // waits, or for a task whose Program may have to be built first (of a cost class other than 0).
  Duration CostOfNext();

  // When the next batch is to be taken: the past, unless a delay was asked for and is worth its
  // while; TimePoint::max() when nothing waits.
  TimePoint NextBatchAt() const;

  // Takes out every task that is over, to make room in a queue that is full. It looks at all of
  // them, so after each sweep it takes none for a pause that is long beside that: refusing stays
  // cheap.
  std::vector<Dropped> Sweep(TimePoint now);
  static constexpr Duration kSweepPause = std::chrono::milliseconds(1);
  static constexpr Duration kSweepPausePerTask = std::chrono::microseconds(1);

  // Everything that waits, for shutdown.
  Batch TakeAll();

  // What the Programs of tasks of this class cost; see CostCurve. Costs of the classes used last
  // are kept, kMaxCostClasses of them.
  CostCurve& Costs(uint64_t cost_class);
  static constexpr size_t kMaxCostClasses = 64;

  bool empty() const { return tasks_ == 0; }
  int64_t tasks() const { return tasks_; }
  int64_t bytes() const { return bytes_; }
  Duration expected_work() const;  // of all that waits; zero: not known
  // When the oldest task arrived; TimePoint::max() when empty.
  TimePoint oldest_arrival() const;

  // A task that is refused because it would be late is tried nevertheless once in so many times, so
  // that an estimate that is too high is found out.
  static constexpr int kProbeEvery = 128;

 private:
  struct Level {
    std::deque<std::unique_ptr<Task>> tasks;
    QueuePolicy policy;
    Duration expected{};  // work of its tasks
    int passed_over = 0;  // batches that another level began while something waited here
  };
  struct Class {
    uint64_t id = 0;
    CostCurve curve;
  };

  size_t LevelOf(const Task& task) const;
  // In the order in which a batch is filled: first the level whose turn it is.
  std::vector<size_t> LevelsInTurn();
  // Why nobody waits for the task any more, or why it cannot be done in time when it may begin in
  // `wait`; nothing when it is to be run.
  std::optional<Refusal> Over(Task& task, TimePoint now, Duration wait);
  std::optional<Refusal> Full(const Task& task, const Level& level, Duration wait) const;
  // How long a task that comes now to this level will wait, as far as that is known.
  Duration WaitAt(size_t level, const PoolLoad& load) const;

  // The task's time to wait is over, and it is to go behind the others; it is so once.
  static bool FallsBehind(Task& task, const Level& level, TimePoint now);

  // Samples that make a batch due before its delay is over.
  int64_t Enough() const;

  void Enter(const Task& task, Level& level);
  std::unique_ptr<Task> PopFront(Level& level);

  const BatchingOptions options_;
  std::vector<Level> levels_;  // from the most urgent
  std::list<Class> classes_;   // from the one used last
  int64_t tasks_ = 0;
  int64_t samples_ = 0;
  int64_t bytes_ = 0;
  // Of the samples that wait, those whose delay is over because a batch was due: when it is
  // divided, what it leaves waits for no more company.
  int64_t due_ = 0;
  int unreachable_ = 0;
  TimePoint next_sweep_ = TimePoint::min();
};

}  // namespace rectifier
