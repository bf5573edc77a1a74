#pragma once

#include <thread>
#include <vector>

#include "server/core/clock.h"
#include "server/core/mutex.h"

namespace rectifier {

class DynamicBatcher;

// A WorkerPool owns the threads that run batches, for all models. An idle worker takes the batch of
// the model whose oldest task has waited longest.
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

  int workers() const { return static_cast<int>(threads_.size()); }

  // Holds the workers after the batch that each is running (no batch is begun once Pause() has
  // returned), and lets them go on. For tests and for maintenance; the destructor resumes.
  void Pause();
  void Resume();

 private:
  friend class DynamicBatcher;

  void Work(int worker);
  // The batcher to serve next, or null when nothing may be run now.
  DynamicBatcher* NextBatcher() RECTIFIER_REQUIRES(mutex_);

  const Clock& clock_;
  Mutex mutex_;
  CondVar work_;      // a task was queued, or the pool was resumed or is stopping
  CondVar finished_;  // a worker is done with a batch
  std::vector<DynamicBatcher*> batchers_ RECTIFIER_GUARDED_BY(mutex_);
  bool paused_ RECTIFIER_GUARDED_BY(mutex_) = false;
  bool stopping_ RECTIFIER_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;  // last: they use everything above
};

}  // namespace rectifier
