#pragma once

#include <cstdint>

#include "server/core/mutex.h"

namespace rectifier {

// Counts events and lets a test wait for them: no sleeping, no polling. Safe from any thread.
class LatchCounter {
 public:
  void Add(int64_t events = 1) {
    // Notified under the lock: a waiter may destroy the counter as soon as it has seen its number.
    MutexLock lock(mutex_);
    count_ += events;
    changed_.NotifyAll();
  }

  // Waits for ever: a test that hangs is ended by its runner's timeout.
  void WaitFor(int64_t at_least) {
    MutexLock lock(mutex_);
    while (count_ < at_least) changed_.Wait(mutex_);
  }

  int64_t count() {
    MutexLock lock(mutex_);
    return count_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int64_t count_ RECTIFIER_GUARDED_BY(mutex_) = 0;
};

}  // namespace rectifier
