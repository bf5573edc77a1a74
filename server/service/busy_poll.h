#pragma once

#include "server/core/clock.h"

namespace rectifier {

// A BusyPoll says how long a thread that waits for events looks for one before it sleeps. To sleep
// and to be woken costs tens of microseconds, more in a virtual machine, whose CPU stops meanwhile;
// and what was in its caches is gone. So it looks for about as long as that would take, but only
// where the last wait was so short that looking would have met its end.
//
// Threading: none; each thread has its own.
class BusyPoll {
 public:
  // Zero: never.
  explicit BusyPoll(Duration window) : window_(window) {}

  // For the wait that begins. `cpus_are_free`: nothing else would run on this thread's CPU.
  Duration Window(bool cpus_are_free) const {
    return cpus_are_free && short_ ? window_ : Duration::zero();
  }

  // How long it was in the end. To wake up may have taken some of it.
  void Waited(Duration time) { short_ = time <= window_ * 3 / 2; }

 private:
  const Duration window_;
  bool short_ = false;
};

}  // namespace rectifier
