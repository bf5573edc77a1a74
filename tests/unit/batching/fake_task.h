#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "server/batching/task.h"
#include "server/core/check.h"
#include "server/core/mutex.h"
#include "tests/support/latch_counter.h"

namespace rectifier {

// How tasks ended, for all tasks of a test. Safe from any thread.
class TaskLog {
 public:
  void Dropped(int64_t id, absl::StatusCode code) {
    {
      MutexLock lock(mutex_);
      dropped_[id].push_back(code);
    }
    ended_.Add();
  }
  void Ran(int64_t id) {
    {
      MutexLock lock(mutex_);
      ran_.push_back(id);
    }
    ended_.Add();
  }

  // Waits until `tasks` tasks have been run or dropped.
  void WaitForEnded(int64_t tasks) { ended_.WaitFor(tasks); }

  // The ids in the order in which they were run.
  std::vector<int64_t> ran() {
    MutexLock lock(mutex_);
    return ran_;
  }
  std::map<int64_t, std::vector<absl::StatusCode>> dropped() {
    MutexLock lock(mutex_);
    return dropped_;
  }
  // How often a task was run or dropped.
  int64_t TimesEnded(int64_t id) {
    MutexLock lock(mutex_);
    const auto drops = dropped_.find(id);
    return std::count(ran_.begin(), ran_.end(), id) +
           (drops == dropped_.end() ? 0 : static_cast<int64_t>(drops->second.size()));
  }

 private:
  Mutex mutex_;
  std::vector<int64_t> ran_ RECTIFIER_GUARDED_BY(mutex_);
  std::map<int64_t, std::vector<absl::StatusCode>> dropped_ RECTIFIER_GUARDED_BY(mutex_);
  LatchCounter ended_;
};

struct FakeTaskOptions {
  int64_t samples = 1;
  size_t bytes = 0;
  TimePoint deadline = TimePoint::max();
  std::shared_ptr<std::atomic<bool>> cancelled = nullptr;  // null: never
  std::function<void()> on_drop = nullptr;
  int shape = 0;  // tasks of the same one may share a batch
  uint64_t priority = 0;
  uint64_t cost_class = 0;
};

class FakeTask final : public Task {
 public:
  FakeTask(TaskLog& log, int64_t id, FakeTaskOptions options)
      : Task({.samples = options.samples,
              .bytes = options.bytes,
              .deadline = options.deadline,
              .priority = options.priority,
              .cost_class = options.cost_class}),
        log_(log),
        id_(id),
        options_(std::move(options)) {}

  int64_t id() const { return id_; }
  bool cancelled() const override { return options_.cancelled && *options_.cancelled; }
  bool CanShareBatch(const Task& other) const override {
    return static_cast<const FakeTask&>(other).options_.shape == options_.shape;
  }
  void Drop(const absl::Status& status) override {
    if (options_.on_drop) options_.on_drop();
    log_.Dropped(id_, status.code());
  }
  void Run() { log_.Ran(id_); }

 private:
  TaskLog& log_;
  const int64_t id_;
  const FakeTaskOptions options_;
};

inline std::unique_ptr<Task> MakeTask(TaskLog& log, int64_t id, FakeTaskOptions options = {}) {
  return std::make_unique<FakeTask>(log, id, std::move(options));
}

inline FakeTask& AsFake(Task& task) { return static_cast<FakeTask&>(task); }

inline std::vector<int64_t> Ids(const Batch& batch) {
  std::vector<int64_t> ids;
  for (const std::unique_ptr<Task>& task : batch) ids.push_back(AsFake(*task).id());
  return ids;
}

inline int64_t Samples(const Batch& batch) {
  int64_t samples = 0;
  for (const std::unique_ptr<Task>& task : batch) samples += task->samples();
  return samples;
}

}  // namespace rectifier
