#pragma once

#include <functional>
#include <map>
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

  std::vector<MeasuredRun> RunBatch(FormedBatch batch, int worker) override {
    begun_.Add();
    if (during_) during_(worker);
    std::vector<MeasuredRun> measured;
    {
      MutexLock lock(mutex_);
      batches_.push_back(Samples(batch.tasks));
      for (const int64_t size : batch.runs) measured.push_back({size, cost_ * size});
    }
    for (const std::unique_ptr<Task>& task : batch.tasks) AsFake(*task).Run();
    return measured;
  }

  // What every run is said to take, a sample.
  void set_cost(Duration cost) {
    MutexLock lock(mutex_);
    cost_ = cost;
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
  Duration cost_ RECTIFIER_GUARDED_BY(mutex_){};
};

// Remembers what a batcher reported. Safe from any thread.
class FakeObserver final : public BatchObserver {
 public:
  void OnQueueDepth(int64_t tasks, int64_t bytes) override {
    MutexLock lock(mutex_);
    tasks_ = tasks;
    bytes_ = bytes;
  }
  void OnRefused(Rejection why) override {
    MutexLock lock(mutex_);
    refused_.push_back(why);
  }
  void OnDropped(Rejection why) override {
    MutexLock lock(mutex_);
    dropped_.push_back(why);
  }
  void OnBatch(CloseReason reason, Duration predicted, Duration measured) override {
    MutexLock lock(mutex_);
    closed_.push_back(reason);
    predicted_ += predicted;
    measured_ += measured;
  }
  void OnCost(int64_t size, Duration cost) override {
    MutexLock lock(mutex_);
    costs_[size] = cost;
  }

  int64_t tasks() {
    MutexLock lock(mutex_);
    return tasks_;
  }
  int64_t bytes() {
    MutexLock lock(mutex_);
    return bytes_;
  }
  std::vector<Rejection> refused() {
    MutexLock lock(mutex_);
    return refused_;
  }
  std::vector<Rejection> dropped() {
    MutexLock lock(mutex_);
    return dropped_;
  }
  std::vector<CloseReason> closed() {
    MutexLock lock(mutex_);
    return closed_;
  }
  Duration predicted() {
    MutexLock lock(mutex_);
    return predicted_;
  }
  Duration measured() {
    MutexLock lock(mutex_);
    return measured_;
  }
  std::map<int64_t, Duration> costs() {
    MutexLock lock(mutex_);
    return costs_;
  }

 private:
  Mutex mutex_;
  int64_t tasks_ RECTIFIER_GUARDED_BY(mutex_) = 0;
  int64_t bytes_ RECTIFIER_GUARDED_BY(mutex_) = 0;
  std::vector<Rejection> refused_ RECTIFIER_GUARDED_BY(mutex_);
  std::vector<Rejection> dropped_ RECTIFIER_GUARDED_BY(mutex_);
  std::vector<CloseReason> closed_ RECTIFIER_GUARDED_BY(mutex_);
  Duration predicted_ RECTIFIER_GUARDED_BY(mutex_){};
  Duration measured_ RECTIFIER_GUARDED_BY(mutex_){};
  std::map<int64_t, Duration> costs_ RECTIFIER_GUARDED_BY(mutex_);
};

}  // namespace rectifier
