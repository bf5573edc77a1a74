#include "server/batching/dynamic_batcher.h"

#include <algorithm>
#include <utility>

#include "server/core/check.h"

namespace rectifier {

DynamicBatcher::DynamicBatcher(WorkerPool& pool, const BatchingOptions& options,
                               BatchRunner& runner, BatchObserver& observer)
    : pool_(pool), runner_(runner), observer_(observer), queue_(options) {
  MutexLock lock(pool_.mutex_);
  pool_.batchers_.push_back(this);
}

DynamicBatcher::~DynamicBatcher() {
  Batch waiting;
  {
    MutexLock lock(pool_.mutex_);
    RECTIFIER_CHECK(std::find(running_.begin(), running_.end(), std::this_thread::get_id()) ==
                    running_.end());
    closed_ = true;
    std::erase(pool_.batchers_, this);
    waiting = queue_.TakeAll();
    if (!waiting.empty()) ReportDepth();
  }
  const absl::Status unavailable = absl::UnavailableError("queue: the model is shutting down");
  for (const std::unique_ptr<Task>& task : waiting) Drop(*task, unavailable);
  waiting.clear();
  MutexLock lock(pool_.mutex_);
  while (!running_.empty()) pool_.finished_.Wait(pool_.mutex_);
}

absl::Status DynamicBatcher::Submit(std::unique_ptr<Task>& task) {
  absl::Status status;
  std::vector<BatchQueue::Dropped> swept;
  {
    MutexLock lock(pool_.mutex_);
    if (closed_) return absl::UnavailableError("queue: the model is shutting down");
    // The time is read under the lock, so that the order of arrival is the order of the queue.
    const TimePoint now = pool_.clock_.Now();
    status = queue_.Submit(task, now);
    if (status.code() == absl::StatusCode::kResourceExhausted) {
      swept = queue_.Sweep(now);
      if (!swept.empty()) status = queue_.Submit(task, now);
    }
    if (status.ok() || !swept.empty()) ReportDepth();
  }
  if (status.ok()) pool_.work_.NotifyOne();
  for (const BatchQueue::Dropped& dropped : swept) Drop(*dropped.task, dropped.status);
  return status;
}

BatchQueue::Taken DynamicBatcher::Begin(TimePoint now) {
  running_.push_back(std::this_thread::get_id());
  BatchQueue::Taken taken = queue_.TakeBatch(now);
  ReportDepth();
  return taken;
}

void DynamicBatcher::Run(BatchQueue::Taken taken, int worker) {
  for (const BatchQueue::Dropped& dropped : taken.dropped) Drop(*dropped.task, dropped.status);
  taken.dropped.clear();
  if (!taken.batch.empty()) runner_.RunBatch(std::move(taken.batch), worker);
}

void DynamicBatcher::End() {
  running_.erase(std::find(running_.begin(), running_.end(), std::this_thread::get_id()));
  pool_.finished_.NotifyAll();
}

void DynamicBatcher::Drop(Task& task, const absl::Status& status) {
  observer_.OnDropped(status.code());
  task.Drop(status);
}

void DynamicBatcher::ReportDepth() { observer_.OnQueueDepth(queue_.tasks(), queue_.bytes()); }

}  // namespace rectifier
