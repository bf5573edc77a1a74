#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "server/batching/batching_policy.h"
#include "server/core/clock.h"

namespace rectifier {

// A request as the batcher sees it: how much it weighs and until when it is wanted.
//
// Exactly one of two things ends a task that a batcher has accepted: its runner's RunBatch() takes
// it, on a worker or in WorkerPool::RunGathered(), or Drop() is called, there, in the batcher's
// destructor or in the Submit() of another task. No lock of the batcher is held then,
// nor when a task is destroyed.
class Task {
 public:
  struct Wants {
    int64_t samples = 1;  // rows of the batch, at least 1
    size_t bytes = 0;     // memory that it holds while it waits
    TimePoint deadline = TimePoint::max();
    uint64_t priority = 0;  // 1 is the most urgent; 0: the queue's default
    // Tasks with the same number cost the same, a sample: of different ones, costs are learned
    // apart. That of all tasks of a network whose inputs have one shape is 0.
    uint64_t cost_class = 0;
  };

  explicit Task(const Wants& wants) : wants_(wants) {}
  virtual ~Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  int64_t samples() const { return wants_.samples; }
  size_t bytes() const { return wants_.bytes; }
  TimePoint deadline() const { return wants_.deadline; }  // TimePoint::max(): none
  uint64_t priority() const { return wants_.priority; }
  uint64_t cost_class() const { return wants_.cost_class; }
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
  const Wants wants_;
  TimePoint enqueued_{};
  TimePoint queue_deadline_ = TimePoint::max();  // of its priority's queue policy
  Duration expected_{};                          // its part of the work that waits
  bool probe_ = false;                           // is run although it is expected to be late
};

using Batch = std::vector<std::unique_ptr<Task>>;

// What a worker is to run.
struct FormedBatch {
  Batch tasks;  // of one cost class
  // The Programs to run them with, one after the other: they hold the samples of all tasks, in
  // order; the last may have room left.
  std::vector<int64_t> runs;
  CloseReason reason = CloseReason::kIdle;
  Duration predicted{};  // zero: nothing is known
};

// How long one Program of a batch took, with everything that goes with it.
struct MeasuredRun {
  int64_t size = 0;
  Duration time{};
};

// Runs the batches that a batcher forms. `worker` is the index of the calling worker in its pool:
// at any time at most one call runs with a given index, so state kept per worker needs no lock.
class BatchRunner {
 public:
  virtual ~BatchRunner() = default;
  virtual std::vector<MeasuredRun> RunBatch(FormedBatch batch, int worker) = 0;

  // What keeps the runner, and the batcher whose batches it runs, until a batch has come to its
  // end, even where its last task was all that kept them. Null: something else does. Called under
  // the batcher's lock; let go of without it.
  virtual std::shared_ptr<const void> Hold() { return nullptr; }
};

// Why a task was not taken, or left the queue without being run.
enum class Rejection {
  kQueueTasks,   // as many wait as may
  kQueueBytes,   // and their bytes
  kQueueWait,    // it would have to wait for too long
  kPriority,     // as many wait of its priority as may
  kCancelled,    // the client has gone
  kExpired,      // the deadline has passed, or the time that it may wait
  kUnreachable,  // it cannot be computed before its deadline
  kShutdown,     // the model is going
};
inline constexpr int kRejections = 8;

// What happens in a queue, for metrics. Implementations are safe from any thread.
class BatchObserver {
 public:
  virtual ~BatchObserver() = default;
  // After every change: what waits now. Called under the batcher's lock, so that the last call
  // tells the present depth: it is quick and calls nothing of the batcher.
  virtual void OnQueueDepth(int64_t tasks, int64_t bytes) = 0;
  // A task was refused on arrival. Called with no lock held, as those below.
  virtual void OnRefused(Rejection why) = 0;
  // A task left the queue without being run.
  virtual void OnDropped(Rejection why) = 0;
  // A batch was formed, and has been run in `measured`; `predicted` is zero where nothing was
  // known.
  virtual void OnBatch(CloseReason reason, Duration predicted, Duration measured) = 0;
  // What a Program is now expected to cost. Called as OnQueueDepth() is.
  virtual void OnCost(int64_t size, Duration cost) = 0;
};

}  // namespace rectifier
