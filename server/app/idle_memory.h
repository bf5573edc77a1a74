#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <thread>

#include "server/core/clock.h"

namespace rectifier {

// An IdleMemory gives memory back to the system when nothing has gone on for a while. The allocator
// would keep for good what a burst of requests has taken once.
//
// Threading: a thread of its own looks once a period. Look() is for tests, without that thread.
class IdleMemory {
 public:
  // `activity` grows with the requests that come; called on the object's thread.
  explicit IdleMemory(std::function<uint64_t()> activity);
  IdleMemory(std::function<uint64_t()> activity, Duration period);
  IdleMemory(const IdleMemory&) = delete;
  IdleMemory& operator=(const IdleMemory&) = delete;

  // Whether memory is to be given back now: nothing was done for 1, 2, 4, 8, … periods. More than
  // once, as some is freed later than it is used: gRPC keeps buffers for as long as a connection.
  bool Look();

 private:
  void Run(const std::stop_token& stop, Duration period);

  const std::function<uint64_t()> activity_;
  uint64_t seen_ = 0;
  uint64_t idle_periods_ = 0;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace rectifier
