#include "server/batching/batch_queue.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "server/core/check.h"
#include "server/core/status.h"

namespace rectifier {
namespace {

constexpr Duration kRetryAfter = std::chrono::milliseconds(100);

// CANCELLED or DEADLINE_EXCEEDED for a task that nobody waits for any more.
absl::Status StillWanted(const Task& task, TimePoint now) {
  // A call whose deadline passes is cancelled, too, so the deadline is what tells the two apart.
  if (task.deadline() <= now) {
    return absl::DeadlineExceededError("queue: the deadline passed before the request was run");
  }
  if (task.cancelled()) return absl::CancelledError("queue: the client cancelled the request");
  return absl::OkStatus();
}

}  // namespace

BatchQueue::BatchQueue(const BatchingOptions& options)
    : options_(options), policy_(options.max_batch) {}

absl::Status BatchQueue::Submit(std::unique_ptr<Task>& task, TimePoint now) {
  RECTIFIER_CHECK(task != nullptr);
  if (task->samples() < 1 || task->samples() > options_.max_batch) {
    return InvalidArgument("batch", "expected 1 to {} samples, got {}", options_.max_batch,
                           task->samples());
  }
  RECTIFIER_RETURN_IF_ERROR(StillWanted(*task, now));
  if (tasks() >= options_.max_queue_tasks) {
    return WithRetryAfter(
        ResourceExhausted("queue", "full: {} requests wait, max_queue_tasks is {}", tasks(),
                          options_.max_queue_tasks),
        kRetryAfter);
  }
  const int64_t room = options_.max_queue_bytes - bytes_;
  if (room < 0 || task->bytes() > static_cast<size_t>(room)) {
    return WithRetryAfter(
        ResourceExhausted("queue", "full: {} bytes wait, {} more do not fit, max_queue_bytes is {}",
                          bytes_, task->bytes(), options_.max_queue_bytes),
        kRetryAfter);
  }
  task->enqueued_ = now;
  bytes_ += static_cast<int64_t>(task->bytes());
  tasks_.push_back(std::move(task));
  return absl::OkStatus();
}

BatchQueue::Taken BatchQueue::TakeBatch(TimePoint now) {
  Taken taken;
  std::vector<std::unique_ptr<Task>> looked_at;  // in order, but for those that are over
  std::vector<size_t> candidates;                // their places among them
  std::vector<int64_t> waiting;                  // and samples
  int64_t samples = 0;
  while (!tasks_.empty() && samples < policy_.max_batch() && looked_at.size() < kMaxLookedAt) {
    std::unique_ptr<Task> task = PopFront();
    if (absl::Status status = StillWanted(*task, now); !status.ok()) {
      taken.dropped.push_back({std::move(task), std::move(status)});
      continue;
    }
    if (candidates.empty() || task->CanShareBatch(*looked_at[candidates.front()])) {
      candidates.push_back(looked_at.size());
      waiting.push_back(task->samples());
      samples += task->samples();
    }
    looked_at.push_back(std::move(task));
  }
  const size_t chosen = policy_.TasksForNextBatch(waiting);
  for (size_t i = 0; i < chosen; ++i) taken.batch.push_back(std::move(looked_at[candidates[i]]));
  // What the policy leaves goes back to where it stood.
  while (!looked_at.empty()) {
    if (looked_at.back() != nullptr) {
      bytes_ += static_cast<int64_t>(looked_at.back()->bytes());
      tasks_.push_front(std::move(looked_at.back()));
    }
    looked_at.pop_back();
  }
  return taken;
}

std::vector<BatchQueue::Dropped> BatchQueue::Sweep(TimePoint now) {
  std::vector<Dropped> dropped;
  if (now < next_sweep_) return dropped;
  next_sweep_ = now + std::max(kSweepPause, kSweepPausePerTask * tasks());
  std::deque<std::unique_ptr<Task>> wanted;
  while (!tasks_.empty()) {
    std::unique_ptr<Task> task = PopFront();
    if (absl::Status status = StillWanted(*task, now); !status.ok()) {
      dropped.push_back({std::move(task), std::move(status)});
    } else {
      wanted.push_back(std::move(task));
    }
  }
  tasks_ = std::move(wanted);
  for (const std::unique_ptr<Task>& task : tasks_) bytes_ += static_cast<int64_t>(task->bytes());
  return dropped;
}

Batch BatchQueue::TakeAll() {
  Batch all(std::make_move_iterator(tasks_.begin()), std::make_move_iterator(tasks_.end()));
  tasks_.clear();
  bytes_ = 0;
  return all;
}

TimePoint BatchQueue::oldest_arrival() const {
  return tasks_.empty() ? TimePoint::max() : tasks_.front()->enqueued_;
}

std::unique_ptr<Task> BatchQueue::PopFront() {
  std::unique_ptr<Task> task = std::move(tasks_.front());
  tasks_.pop_front();
  bytes_ -= static_cast<int64_t>(task->bytes());
  return task;
}

}  // namespace rectifier
