#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "server/batching/batch_queue.h"
#include "server/batching/batching_policy.h"
#include "server/batching/task.h"
#include "server/batching/worker_pool.h"

namespace rectifier {

// A DynamicBatcher groups requests for one model into batches, which a WorkerPool runs.
//
// Threading: Submit() is safe from any thread; whoever calls it keeps the batcher alive until it
// has returned. RunBatch() is called on a worker or in WorkerPool::RunGathered(). Drop() is called
// there, in the destructor, or, for tasks that are over and stand in a full queue, in somebody
// else's Submit().
// Ownership: takes the task iff Submit() returns OK.
// Failure: as BatchQueue::Submit(); UNAVAILABLE after shutdown began; never blocks on a worker. A
// task has 1 to `max_batch` samples (checked).
// Destruction: drops what waits with UNAVAILABLE and waits for this model's running batches. Never
// from inside its own RunBatch() or Drop(), which would wait for itself: that fails a check.
class DynamicBatcher {
 public:
  // `pool`, `runner` and `observer` outlive the batcher.
  DynamicBatcher(WorkerPool& pool, const BatchingOptions& options, BatchRunner& runner,
                 BatchObserver& observer);
  ~DynamicBatcher();
  DynamicBatcher(const DynamicBatcher&) = delete;
  DynamicBatcher& operator=(const DynamicBatcher&) = delete;

  // `gathered`: the caller calls the pool's RunGathered() soon, so that no worker has to be woken
  // for a short batch.
  absl::Status Submit(std::unique_ptr<Task>& task, bool gathered = false);

  // What a Program takes with nothing beside it (of cost class 0).
  void Calibrate(const MeasuredRun& run);

 private:
  friend class WorkerPool;

  // Tells clang's analysis what the pool knows: the lock that it holds is this batcher's.
  void AssertLocked() const RECTIFIER_ANNOTATION(assert_capability(pool_.mutex_)) {}

  TimePoint OldestArrival() const RECTIFIER_REQUIRES(pool_.mutex_) {
    return queue_.oldest_arrival();
  }

  // When a worker may take a batch; TimePoint::max() when none may.
  TimePoint NextBatchAt() const RECTIFIER_REQUIRES(pool_.mutex_);

  // Whether the batch of all that waits, as far as it fits, is known to take no longer than `time`.
  bool NextIsShort(Duration time) RECTIFIER_REQUIRES(pool_.mutex_);

  // Called by who has a worker's place. Begin() takes the next batch and enters the calling thread
  // in `running_`, Run() carries it out and says what it cost, End() leaves. What Begin() gives
  // keeps the batcher until after that.
  struct Begun {
    BatchQueue::Taken taken;
    std::shared_ptr<const void> held;
  };
  Begun Begin(TimePoint now) RECTIFIER_REQUIRES(pool_.mutex_);
  struct Ran {
    uint64_t cost_class = 0;
    Duration predicted{};
    std::vector<MeasuredRun> runs;
  };
  Ran Run(BatchQueue::Taken taken, int worker);
  void End(const Ran& ran) RECTIFIER_REQUIRES(pool_.mutex_);

  void Drop(Task& task, const BatchQueue::Refusal& refusal) RECTIFIER_EXCLUDES(pool_.mutex_);
  void ReportDepth() RECTIFIER_REQUIRES(pool_.mutex_);
  void ReportCosts() RECTIFIER_REQUIRES(pool_.mutex_);

  WorkerPool& pool_;
  BatchRunner& runner_;
  BatchObserver& observer_;
  const int max_concurrent_;
  BatchQueue queue_ RECTIFIER_GUARDED_BY(pool_.mutex_);
  // Of the workers' time: what it has had, on a scale on which an idle model is carried along.
  Duration used_ RECTIFIER_GUARDED_BY(pool_.mutex_){};
  std::vector<std::thread::id> running_ RECTIFIER_GUARDED_BY(pool_.mutex_);
  bool closed_ RECTIFIER_GUARDED_BY(pool_.mutex_) = false;
};

}  // namespace rectifier
