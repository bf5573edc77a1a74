#pragma once

#include <atomic>

#include "server/core/clock.h"

namespace rectifier {

// A clock that moves by the same step whenever it is read, so that times are told from each other
// without waiting. Safe from any thread.
class TickingClock final : public Clock {
 public:
  explicit TickingClock(Duration step) : step_(step) {}

  TimePoint Now() const override { return TimePoint(step_ * ++ticks_); }

 private:
  const Duration step_;
  mutable std::atomic<int64_t> ticks_ = 0;
};

}  // namespace rectifier
