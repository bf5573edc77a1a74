#pragma once

#include <thread>
#include <vector>

#include "server/batching/batch_queue.h"
#include "server/core/clock.h"
#include "server/core/mutex.h"

namespace rectifier {

class DynamicBatcher;

// A WorkerPool owns the threads that run batches, for all models. The models that have work share
// the workers' time evenly: an idle worker takes a batch of the one that has had least of it, and
// among equals of the one whose oldest task has waited longest. A model gains nothing by having
// been idle.
//
// Threading: all methods are safe from any thread. One lock guards the pool and its batchers'
// queues; no task, runner or destructor of a task is called under it.
// Destruction: after its batchers, and not on one of its own workers.
class WorkerPool {
 public:
  // At least one worker. `clock` outlives the pool.
  WorkerPool(int workers, const Clock& clock);
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

  void Work(int worker);
  // The batcher to serve now, or null and when to look again.
  DynamicBatcher* NextBatcher(TimePoint now, TimePoint* again) RECTIFIER_REQUIRES(mutex_);
  // What `batcher` shares the workers with.
  PoolLoad LoadBeside(const DynamicBatcher& batcher, TimePoint now) RECTIFIER_REQUIRES(mutex_);
  int Idle() const RECTIFIER_REQUIRES(mutex_);

  const Clock& clock_;
  const int workers_;
  Mutex mutex_;
  CondVar work_;      // a task was queued, or the pool was resumed or is stopping
  CondVar finished_;  // a worker is done with a batch
  std::vector<DynamicBatcher*> batchers_ RECTIFIER_GUARDED_BY(mutex_);
  // Of each worker: when its batch is expected to be done; TimePoint::min() when it has none.
  std::vector<TimePoint> done_at_ RECTIFIER_GUARDED_BY(mutex_);
  Duration served_ RECTIFIER_GUARDED_BY(mutex_){};  // what the model served last had had by then
  bool paused_ RECTIFIER_GUARDED_BY(mutex_) = false;
  bool stopping_ RECTIFIER_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;  // last: they use everything above
};

}  // namespace rectifier
