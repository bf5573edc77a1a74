#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "server/batching/task.h"
#include "server/core/mutex.h"
#include "tests/support/latch_counter.h"
#include "tests/unit/batching/fake_task.h"

namespace rectifier {

// Ends the tasks of each batch in the TaskLog and remembers the batches. Safe from any thread.
class FakeRunner final : public BatchRunner {
 public:
  // `during` is called on the worker before the tasks of a batch are ended; it may block.
  explicit FakeRunner(std::function<void(int worker)> during = {}) : during_(std::move(during)) {}

  void RunBatch(Batch batch, int worker) override {
    begun_.Add();
    if (during_) during_(worker);
    {
      MutexLock lock(mutex_);
      batches_.push_back(Samples(batch));
    }
    for (const std::unique_ptr<Task>& task : batch) AsFake(*task).Run();
  }

  LatchCounter& begun() { return begun_; }
  // Samples of the batches that were run, in order.
  std::vector<int64_t> batches() {
    MutexLock lock(mutex_);
    return batches_;
  }

 private:
  const std::function<void(int)> during_;
  LatchCounter begun_;
  Mutex mutex_;
  std::vector<int64_t> batches_ RECTIFIER_GUARDED_BY(mutex_);
};

// Remembers what a batcher reported. Safe from any thread.
class FakeObserver final : public BatchObserver {
 public:
  void OnQueueDepth(int64_t tasks, int64_t bytes) override {
    MutexLock lock(mutex_);
    tasks_ = tasks;
    bytes_ = bytes;
  }
  void OnDropped(absl::StatusCode code) override {
    MutexLock lock(mutex_);
    dropped_.push_back(code);
  }

  int64_t tasks() {
    MutexLock lock(mutex_);
    return tasks_;
  }
  int64_t bytes() {
    MutexLock lock(mutex_);
    return bytes_;
  }
  std::vector<absl::StatusCode> dropped() {
    MutexLock lock(mutex_);
    return dropped_;
  }

 private:
  Mutex mutex_;
  int64_t tasks_ RECTIFIER_GUARDED_BY(mutex_) = 0;
  int64_t bytes_ RECTIFIER_GUARDED_BY(mutex_) = 0;
  std::vector<absl::StatusCode> dropped_ RECTIFIER_GUARDED_BY(mutex_);
};

}  // namespace rectifier
