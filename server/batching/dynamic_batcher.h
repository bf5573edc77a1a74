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
// Threading: Submit() is safe from any thread; RunBatch() is called on a worker. Drop() is called
// on a worker, in the destructor, or, for tasks that are over and stand in a full queue, in
// somebody else's Submit(); whoever calls that keeps the batcher alive until it has returned.
// Ownership: takes the task iff Submit() returns OK.
// Failure: as BatchQueue::Submit(); UNAVAILABLE after shutdown began; never blocks on a worker.
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

  absl::Status Submit(std::unique_ptr<Task>& task);

 private:
  friend class WorkerPool;

  // Tells clang's analysis what the pool knows: the lock that it holds is this batcher's.
  void AssertLocked() const RECTIFIER_ANNOTATION(assert_capability(pool_.mutex_)) {}

  TimePoint OldestArrival() const RECTIFIER_REQUIRES(pool_.mutex_) {
    return queue_.oldest_arrival();
  }

  // Called by a worker. Begin() takes the next batch and enters the calling thread in `running_`,
  // Run() carries it out, End() leaves. Nothing of the batcher is touched after End().
  BatchQueue::Taken Begin(TimePoint now) RECTIFIER_REQUIRES(pool_.mutex_);
  void Run(BatchQueue::Taken taken, int worker);
  void End() RECTIFIER_REQUIRES(pool_.mutex_);

  void Drop(Task& task, const absl::Status& status) RECTIFIER_EXCLUDES(pool_.mutex_);
  void ReportDepth() RECTIFIER_REQUIRES(pool_.mutex_);

  WorkerPool& pool_;
  BatchRunner& runner_;
  BatchObserver& observer_;
  BatchQueue queue_ RECTIFIER_GUARDED_BY(pool_.mutex_);
  std::vector<std::thread::id> running_ RECTIFIER_GUARDED_BY(pool_.mutex_);
  bool closed_ RECTIFIER_GUARDED_BY(pool_.mutex_) = false;
};

}  // namespace rectifier
