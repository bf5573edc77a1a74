#pragma once

#include <chrono>

namespace rectifier {

using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

// Where time comes from, so that tests can hold it. Safe from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint Now() const = 0;
};

// The machine's steady clock. The object lives as long as the process.
const Clock& SteadyClock();

inline double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace rectifier
