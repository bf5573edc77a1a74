#include "server/batching/worker_pool.h"

#include <algorithm>
#include <utility>

#include "server/batching/dynamic_batcher.h"
#include "server/core/check.h"

namespace rectifier {

WorkerPool::WorkerPool(int workers, const Clock& clock)
    : clock_(clock), workers_(workers), done_at_(static_cast<size_t>(workers), TimePoint::min()) {
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

int WorkerPool::Idle() const {
  return static_cast<int>(std::count(done_at_.begin(), done_at_.end(), TimePoint::min()));
}

PoolLoad WorkerPool::LoadBeside(const DynamicBatcher& batcher, TimePoint now) {
  PoolLoad load{.workers = workers_, .idle = Idle()};
  for (const TimePoint done_at : done_at_) {
    if (done_at > now) load.running += done_at - now;
  }
  for (const DynamicBatcher* other : batchers_) {
    other->AssertLocked();
    if (other == &batcher || other->queue_.empty()) continue;
    load.others += other->queue_.expected_work();
    ++load.others_waiting;
  }
  return load;
}

DynamicBatcher* WorkerPool::NextBatcher(TimePoint now, TimePoint* again) {
  *again = TimePoint::max();
  if (paused_) return nullptr;
  DynamicBatcher* next = nullptr;
  const auto rank = [](const DynamicBatcher& batcher) {
    batcher.AssertLocked();
    return std::pair(batcher.used_, batcher.queue_.oldest_arrival());
  };
  for (DynamicBatcher* batcher : batchers_) {
    batcher->AssertLocked();
    const TimePoint at = batcher->NextBatchAt();
    *again = std::min(*again, at);
    if (at <= now && (next == nullptr || rank(*batcher) < rank(*next))) next = batcher;
  }
  return next;
}

void WorkerPool::Work(int worker) {
  mutex_.Lock();
  TimePoint& done_at = done_at_[static_cast<size_t>(worker)];
  while (true) {
    const TimePoint now = clock_.Now();
    TimePoint again;
    DynamicBatcher* batcher = NextBatcher(now, &again);
    if (batcher == nullptr) {
      if (stopping_) break;
      if (again == TimePoint::max()) {
        work_.Wait(mutex_);
      } else {
        work_.WaitUntil(mutex_, std::chrono::steady_clock::now() + (again - now));
      }
      continue;
    }
    batcher->AssertLocked();
    BatchQueue::Taken taken = batcher->Begin(now);
    done_at = now + taken.batch.predicted;
    // What the batch leaves is another worker's, if there is one.
    if (NextBatcher(now, &again) != nullptr || again != TimePoint::max()) work_.NotifyOne();
    mutex_.Unlock();
    const DynamicBatcher::Ran ran = batcher->Run(std::move(taken), worker);
    mutex_.Lock();
    batcher->AssertLocked();
    done_at = TimePoint::min();
    batcher->End(ran);
  }
  mutex_.Unlock();
}

}  // namespace rectifier
