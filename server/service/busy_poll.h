#pragma once

#include "server/core/clock.h"

namespace rectifier {

// A BusyPoll says how long a thread that has run all requests looks for the next one before it
// sleeps. To sleep and to be woken costs tens of microseconds, more in a virtual machine, whose CPU
// stops meanwhile; and what was in its caches is gone. So it looks for about as long as that would
// take, but only where the last request came so soon that looking would have met it.
//
// Threading: none; each thread has its own.
class BusyPoll {
 public:
  // Zero: never.
  explicit BusyPoll(Duration window) : window_(window) {}

  // All that had come was run. `idle`: and no other thread runs requests.
  void Ran(TimePoint now, bool idle) {
    since_ = now;
    idle_ = idle;
  }

  // The next request has come. To wake up may have taken some of the time until then.
  void Came(TimePoint now) { soon_ = now - since_ <= window_ * 3 / 2; }

  // Whether to look on.
  bool Looks(TimePoint now) const { return idle_ && soon_ && now - since_ < window_; }

 private:
  const Duration window_;
  TimePoint since_ = TimePoint();  // long ago, and can be subtracted
  bool idle_ = false;
  bool soon_ = false;
};

}  // namespace rectifier
