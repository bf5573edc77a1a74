#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "server/batching/batching_policy.h"
#include "server/batching/task.h"
#include "server/core/clock.h"

namespace rectifier {

// A BatchQueue holds one model's waiting tasks, in order of arrival, within bounds, and hands out
// batches as its BatchingPolicy says. It has no threads, no lock and no clock: the caller brings
// the time, so tests drive it by hand.
//
// Threading: none of its own; the owner guards it.
// Ownership: takes the task iff Submit() returns OK.
class BatchQueue {
 public:
  explicit BatchQueue(const BatchingOptions& options);

  // CANCELLED or DEADLINE_EXCEEDED when the task is over already, INVALID_ARGUMENT when it holds
  // more samples than a batch (or none), RESOURCE_EXHAUSTED when the queue is full (the message
  // names the bound). `task` is left with the caller unless OK. `now` never goes back.
  absl::Status Submit(std::unique_ptr<Task>& task, TimePoint now);

  struct Dropped {
    std::unique_ptr<Task> task;
    absl::Status status;
  };
  struct Taken {
    Batch batch;                   // to run; empty when nothing is left to run
    std::vector<Dropped> dropped;  // expired or cancelled while they waited; the caller drops them
  };
  // The batch holds the oldest task and, in order, those after it that may share its batch; the
  // others keep their places. Only the first kMaxLookedAt tasks are looked at, and of those no more
  // than fill the batch: one that is over further back keeps its place until its turn comes, or
  // until a sweep.
  Taken TakeBatch(TimePoint now);
  static constexpr size_t kMaxLookedAt = 256;

  // Takes out every task that is over, to make room in a queue that is full. It looks at all of
  // them, so after each sweep it takes none for a pause that is long beside that: refusing stays
  // cheap.
  std::vector<Dropped> Sweep(TimePoint now);
  static constexpr Duration kSweepPause = std::chrono::milliseconds(1);
  static constexpr Duration kSweepPausePerTask = std::chrono::microseconds(1);

  // Everything that waits, for shutdown.
  Batch TakeAll();

  bool empty() const { return tasks_.empty(); }
  int64_t tasks() const { return static_cast<int64_t>(tasks_.size()); }
  int64_t bytes() const { return bytes_; }
  // When the oldest task arrived; TimePoint::max() when empty.
  TimePoint oldest_arrival() const;

 private:
  std::unique_ptr<Task> PopFront();

  BatchingOptions options_;
  BatchingPolicy policy_;
  std::deque<std::unique_ptr<Task>> tasks_;
  int64_t bytes_ = 0;
  TimePoint next_sweep_ = TimePoint::min();
};

}  // namespace rectifier
