#include "server/batching/dynamic_batcher.h"

#include <algorithm>
#include <utility>

#include "server/core/check.h"

namespace rectifier {
namespace {

BatchQueue::Refusal ShuttingDown() {
  return {Rejection::kShutdown, absl::UnavailableError("queue: the model is shutting down")};
}

// What a sweep may help against.
bool IsFull(Rejection why) {
  return why == Rejection::kQueueTasks || why == Rejection::kQueueBytes ||
         why == Rejection::kPriority;
}

}  // namespace

DynamicBatcher::DynamicBatcher(WorkerPool& pool, const BatchingOptions& options,
                               BatchRunner& runner, BatchObserver& observer)
    : pool_(pool),
      runner_(runner),
      observer_(observer),
      max_concurrent_(options.max_concurrent),
      queue_(options) {
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
  const BatchQueue::Refusal refusal = ShuttingDown();
  for (const std::unique_ptr<Task>& task : waiting) Drop(*task, refusal);
  waiting.clear();
  MutexLock lock(pool_.mutex_);
  while (!running_.empty()) pool_.finished_.Wait(pool_.mutex_);
}

absl::Status DynamicBatcher::Submit(std::unique_ptr<Task>& task, bool gathered) {
  std::optional<BatchQueue::Refusal> refusal;
  std::vector<BatchQueue::Dropped> swept;
  bool wake = false;
  {
    MutexLock lock(pool_.mutex_);
    ++pool_.submitted_;
    if (closed_) {
      refusal = ShuttingDown();
    } else {
      // The time is read under the lock, so that the order of arrival is the order of the queue.
      const TimePoint now = pool_.clock_.Now();
      const PoolLoad load = pool_.LoadBeside(*this, now);
      // A model that has been idle is not owed the time that it did not use.
      if (queue_.empty() && running_.empty()) used_ = std::max(used_, pool_.served_);
      refusal = queue_.Submit(task, now, load);
      if (refusal && IsFull(refusal->why)) {
        swept = queue_.Sweep(now);
        if (!swept.empty()) refusal = queue_.Submit(task, now, load);
      }
      if (!refusal || !swept.empty()) ReportDepth();
      if (!refusal) wake = pool_.WakeFor(*this, gathered);
    }
  }
  if (wake) pool_.work_.NotifyOne();
  for (const BatchQueue::Dropped& dropped : swept) Drop(*dropped.task, dropped.refusal);
  if (!refusal) return absl::OkStatus();
  observer_.OnRefused(refusal->why);
  return refusal->status;
}

void DynamicBatcher::Calibrate(const MeasuredRun& run) {
  MutexLock lock(pool_.mutex_);
  if (queue_.Costs(0).Calibrate(run.size, run.time)) ReportCosts();
}

TimePoint DynamicBatcher::NextBatchAt() const {
  if (max_concurrent_ > 0 && static_cast<int>(running_.size()) >= max_concurrent_) {
    return TimePoint::max();
  }
  return queue_.NextBatchAt();
}

bool DynamicBatcher::NextIsShort(Duration time) {
  const Duration predicted = queue_.CostOfNext();
  return predicted > Duration::zero() && predicted <= time;
}

DynamicBatcher::Begun DynamicBatcher::Begin(TimePoint now) {
  int idle = pool_.Idle();
  if (max_concurrent_ > 0)
    idle = std::min(idle, max_concurrent_ - static_cast<int>(running_.size()));
  running_.push_back(std::this_thread::get_id());
  Begun begun{queue_.TakeBatch(now, idle), runner_.Hold()};
  pool_.served_ = std::max(pool_.served_, used_);
  used_ += begun.taken.batch.predicted;
  ReportDepth();
  return begun;
}

DynamicBatcher::Ran DynamicBatcher::Run(BatchQueue::Taken taken, int worker) {
  for (const BatchQueue::Dropped& dropped : taken.dropped) Drop(*dropped.task, dropped.refusal);
  taken.dropped.clear();
  FormedBatch& batch = taken.batch;
  if (batch.tasks.empty()) return {};
  const CloseReason reason = batch.reason;
  Ran ran{batch.tasks.front()->cost_class(), batch.predicted, {}};
  ran.runs = runner_.RunBatch(std::move(batch), worker);
  Duration measured{};
  for (const MeasuredRun& run : ran.runs) measured += run.time;
  observer_.OnBatch(reason, ran.predicted, measured);
  return ran;
}

void DynamicBatcher::End(const Ran& ran) {
  used_ -= ran.predicted;
  for (const MeasuredRun& run : ran.runs) {
    used_ += run.time;
    const bool moved = queue_.Costs(ran.cost_class).Observe(run.size, run.time);
    if (moved && ran.cost_class == 0) ReportCosts();
  }
  running_.erase(std::find(running_.begin(), running_.end(), std::this_thread::get_id()));
  pool_.finished_.NotifyAll();
}

void DynamicBatcher::Drop(Task& task, const BatchQueue::Refusal& refusal) {
  observer_.OnDropped(refusal.why);
  task.Drop(refusal.status);
}

void DynamicBatcher::ReportCosts() {
  const CostCurve& curve = queue_.Costs(0);
  for (const int64_t size : curve.costs().sizes()) {
    const Duration cost = curve.Estimate(size);
    if (cost > Duration::zero()) observer_.OnCost(size, cost);
  }
}

void DynamicBatcher::ReportDepth() { observer_.OnQueueDepth(queue_.tasks(), queue_.bytes()); }

}  // namespace rectifier
