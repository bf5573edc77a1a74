#pragma once

#include <atomic>

#include "server/core/clock.h"

namespace rectifier {

// A clock that a test moves by hand. Safe from any thread.
class FakeClock final : public Clock {
 public:
  TimePoint Now() const override { return TimePoint(Duration(now_.load())); }
  void Advance(Duration duration) { now_.fetch_add(duration.count()); }

 private:
  // Not zero: a time that nobody set is told from a time of this clock.
  std::atomic<Duration::rep> now_ = Duration(std::chrono::hours(1)).count();
};

}  // namespace rectifier
