#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "server/core/clock.h"

namespace rectifier {

// A request as the batcher sees it: how much it weighs and until when it is wanted.
//
// Exactly one of two things ends a task that a batcher has accepted: its runner's RunBatch() takes
// it, on a worker, or Drop() is called, on a worker, in the batcher's destructor or in the Submit()
// of another task. No lock of the batcher is held then, nor when a task is destroyed.
class Task {
 public:
  Task(int64_t samples, size_t bytes, TimePoint deadline)
      : samples_(samples), bytes_(bytes), deadline_(deadline) {}
  virtual ~Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  int64_t samples() const { return samples_; }      // rows of the batch, at least 1
  size_t bytes() const { return bytes_; }           // memory that it holds while it waits
  TimePoint deadline() const { return deadline_; }  // TimePoint::max(): none
  TimePoint enqueued() const { return enqueued_; }  // when a queue took it

  // The client has gone. Safe from any thread, at any time; called under the batcher's lock, so it
  // is quick and calls nothing of the batcher.
  virtual bool cancelled() const = 0;

  // Whether one batch may hold both tasks, which are of the same model. Called as cancelled() is.
  virtual bool CanShareBatch(const Task& /*other*/) const { return true; }

  // The task will not be run: CANCELLED, DEADLINE_EXCEEDED, or UNAVAILABLE at shutdown.
  virtual void Drop(const absl::Status& status) = 0;

 private:
  friend class BatchQueue;
  int64_t samples_;
  size_t bytes_;
  TimePoint deadline_;
  TimePoint enqueued_{};
};

using Batch = std::vector<std::unique_ptr<Task>>;

// Runs the batches that a batcher forms. `worker` is the index of the calling worker in its pool:
// at any time at most one call runs with a given index, so state kept per worker needs no lock.
class BatchRunner {
 public:
  virtual ~BatchRunner() = default;
  virtual void RunBatch(Batch batch, int worker) = 0;
};

// What happens in a queue, for metrics. Implementations are safe from any thread.
class BatchObserver {
 public:
  virtual ~BatchObserver() = default;
  // After every change: what waits now. Called under the batcher's lock, so that the last call
  // tells the present depth: it is quick and calls nothing of the batcher.
  virtual void OnQueueDepth(int64_t tasks, int64_t bytes) = 0;
  // A task left the queue without being run; `code` as in Task::Drop(). Called with no lock held.
  virtual void OnDropped(absl::StatusCode code) = 0;
};

}  // namespace rectifier
