#pragma once

#include <cstdint>
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
// The workers are threads of the pool. A thread that brings many tasks may gather those of short
// batches, and run what it has gathered itself, in a worker's place: to wake a thread would take
// longer.
//
// Threading: all methods are safe from any thread. One lock guards the pool and its batchers'
// queues; no task, runner or destructor of a task is called under it.
// Destruction: after its batchers, and not on one of its own workers.
class WorkerPool {
 public:
  // About what it takes to wake a thread that sleeps on another CPU, and that this one then misses
  // in its caches.
  static constexpr Duration kWakeUp = std::chrono::microseconds(50);

  // At least one worker. `clock` outlives the pool. A batch is short when it takes no longer than
  // `short_batch`; zero: none is.
  WorkerPool(int workers, const Clock& clock, Duration short_batch = kWakeUp);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  int workers() const { return workers_; }

  // Tasks that were brought so far, those that were refused too.
  uint64_t submitted() const;

  // Holds the workers after the batch that each is running (no batch is begun once Pause() has
  // returned), and lets them go on. For tests and for maintenance; the destructor resumes.
  void Pause();
  void Resume();

  // Waits until every worker sleeps, when nothing is submitted meanwhile. For tests.
  void WaitUntilIdle();

  // To be called soon after tasks were submitted as gathered: runs short batches on this thread
  // while a worker's place is free, kMostGathered at most, and leaves the others to the workers.
  // Returns whether nothing waits or runs after that.
  bool RunGathered();
  static constexpr int kMostGathered = 16;

 private:
  friend class DynamicBatcher;

  // What a thread of the pool does.
  void Work();
  // Whether a thread is to be woken, once the lock is released, after a task was queued.
  bool WakeFor(DynamicBatcher& batcher, bool gathered) RECTIFIER_REQUIRES(mutex_);
  // Takes the next batch, runs it, with the lock released, in a place that is free, and leaves.
  // Wakes another thread first if so much waits after it.
  void RunNextBatch(DynamicBatcher& batcher, TimePoint now, Duration worth_waking)
      RECTIFIER_REQUIRES(mutex_);
  // Whether something waits that a thread that sleeps could do, and that takes at least so long.
  bool MoreForOthers(TimePoint now, Duration at_least) RECTIFIER_REQUIRES(mutex_);
  // The batcher to serve now, or null and when to look again.
  DynamicBatcher* NextBatcher(TimePoint now, TimePoint* again) RECTIFIER_REQUIRES(mutex_);
  // What `batcher` shares the workers with.
  PoolLoad LoadBeside(const DynamicBatcher& batcher, TimePoint now) RECTIFIER_REQUIRES(mutex_);
  int Idle() const RECTIFIER_REQUIRES(mutex_);
  bool NothingToDo() const RECTIFIER_REQUIRES(mutex_);

  const Clock& clock_;
  const int workers_;
  const Duration short_batch_;
  mutable Mutex mutex_;
  CondVar work_;      // a batch may be begun, or the pool was resumed or is stopping
  CondVar finished_;  // a batch is done, or a worker goes to sleep
  std::vector<DynamicBatcher*> batchers_ RECTIFIER_GUARDED_BY(mutex_);
  // Of each worker's place: when its batch is expected to be done; TimePoint::min() when it is
  // free.
  std::vector<TimePoint> done_at_ RECTIFIER_GUARDED_BY(mutex_);
  Duration served_ RECTIFIER_GUARDED_BY(mutex_){};  // what the model served last had had by then
  uint64_t submitted_ RECTIFIER_GUARDED_BY(mutex_) = 0;
  int asleep_ RECTIFIER_GUARDED_BY(mutex_) = 0;  // threads that wait for work
  bool paused_ RECTIFIER_GUARDED_BY(mutex_) = false;
  bool stopping_ RECTIFIER_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;  // last: they use everything above
};

}  // namespace rectifier
