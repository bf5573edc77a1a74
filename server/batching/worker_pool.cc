#include "server/batching/worker_pool.h"

#include <utility>

#include "server/batching/dynamic_batcher.h"
#include "server/core/check.h"

namespace rectifier {

WorkerPool::WorkerPool(int workers, const Clock& clock) : clock_(clock) {
  RECTIFIER_CHECK(workers >= 1);
  threads_.reserve(static_cast<size_t>(workers));
  for (int worker = 0; worker < workers; ++worker) {
    threads_.emplace_back([this, worker] { Work(worker); });
  }
}

WorkerPool::~WorkerPool() {
  {
    MutexLock lock(mutex_);
    RECTIFIER_CHECK(batchers_.empty());
    stopping_ = true;
  }
  work_.NotifyAll();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::Pause() {
  MutexLock lock(mutex_);
  paused_ = true;
}

void WorkerPool::Resume() {
  {
    MutexLock lock(mutex_);
    paused_ = false;
  }
  work_.NotifyAll();
}

DynamicBatcher* WorkerPool::NextBatcher() {
  if (paused_) return nullptr;
  DynamicBatcher* next = nullptr;
  TimePoint oldest = TimePoint::max();
  for (DynamicBatcher* batcher : batchers_) {
    batcher->AssertLocked();
    const TimePoint arrival = batcher->OldestArrival();
    if (arrival < oldest) {
      oldest = arrival;
      next = batcher;
    }
  }
  return next;
}

void WorkerPool::Work(int worker) {
  mutex_.Lock();
  while (true) {
    DynamicBatcher* batcher = NextBatcher();
    if (batcher == nullptr) {
      if (stopping_) break;
      work_.Wait(mutex_);
      continue;
    }
    batcher->AssertLocked();
    BatchQueue::Taken taken = batcher->Begin(clock_.Now());
    mutex_.Unlock();
    batcher->Run(std::move(taken), worker);
    mutex_.Lock();
    batcher->AssertLocked();
    batcher->End();
  }
  mutex_.Unlock();
}

}  // namespace rectifier
