#pragma once

#include <thread>
#include <vector>

#include "server/batching/batch_queue.h"
#include "server/core/clock.h"
#include "server/core/mutex.h"

namespace rectifier {

class DynamicBatcher;

// A WorkerPool runs batches for all models, as many at a time as it has workers. The models that
// have work share the workers' time evenly: an idle worker takes a batch of the one that has had
// least of it, and among equals of the one whose oldest task has waited longest. A model gains
// nothing by having been idle.
//
// The workers are threads of the pool. Only a task that comes when nothing has been going on for a
// while, and is known to take less time than it takes to wake a thread, is run by the thread that
// brings it, which takes a worker's place for as long.
//
// Threading: all methods are safe from any thread. One lock guards the pool and its batchers'
// queues; no task, runner or destructor of a task is called under it.
// Destruction: after its batchers, and not on one of its own workers.
class WorkerPool {
 public:
  // About what it takes to wake a thread that sleeps on another CPU, and that this one then misses
  // in its caches.
  static constexpr Duration kWakeUp = std::chrono::microseconds(50);

  // At least one worker. `clock` outlives the pool. A task is `short_task` when it takes no longer;
  // zero: none is.
  WorkerPool(int workers, const Clock& clock, Duration short_task = kWakeUp);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  int workers() const { return workers_; }

  // Holds the workers after the batch that each is running (no batch is begun once Pause() has
  // returned), and lets them go on. For tests and for maintenance; the destructor resumes.
  void Pause();
  void Resume();

 private:
  friend class DynamicBatcher;

  // What a thread of the pool does.
  void Work();
  // After a task was queued: runs it here if that is what is to be done. True when a thread is to
  // be woken, once the lock is released.
  bool LeaveToWorker(DynamicBatcher& batcher, TimePoint now) RECTIFIER_REQUIRES(mutex_);
  // Takes the next batch, runs it, with the lock released, in a place that is free, and leaves.
  void RunNextBatch(DynamicBatcher& batcher, TimePoint now) RECTIFIER_REQUIRES(mutex_);
  // Whether something waits that a thread that sleeps could do.
  bool MoreForOthers(TimePoint now) RECTIFIER_REQUIRES(mutex_);
  // The batcher to serve now, or null and when to look again.
  DynamicBatcher* NextBatcher(TimePoint now, TimePoint* again) RECTIFIER_REQUIRES(mutex_);
  // What `batcher` shares the workers with.
  PoolLoad LoadBeside(const DynamicBatcher& batcher, TimePoint now) RECTIFIER_REQUIRES(mutex_);
  int Idle() const RECTIFIER_REQUIRES(mutex_);

  const Clock& clock_;
  const int workers_;
  const Duration short_task_;
  Mutex mutex_;
  CondVar work_;      // a batch may be begun, or the pool was resumed or is stopping
  CondVar finished_;  // a worker is done with a batch
  std::vector<DynamicBatcher*> batchers_ RECTIFIER_GUARDED_BY(mutex_);
  // Of each worker's place: when its batch is expected to be done; TimePoint::min() when it is
  // free.
  std::vector<TimePoint> done_at_ RECTIFIER_GUARDED_BY(mutex_);
  Duration served_ RECTIFIER_GUARDED_BY(mutex_){};  // what the model served last had had by then
  int asleep_ RECTIFIER_GUARDED_BY(mutex_) = 0;     // threads that wait for work
  // When a task came or a batch ended, the last time.
  TimePoint last_busy_ RECTIFIER_GUARDED_BY(mutex_) = TimePoint::min();
  bool paused_ RECTIFIER_GUARDED_BY(mutex_) = false;
  bool stopping_ RECTIFIER_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;  // last: they use everything above
};

}  // namespace rectifier
