#pragma once

#include <optional>
#include <string>

#include "server/core/clock.h"
#include "server/core/mutex.h"

namespace rectifier {

// Asks the server's own gRPC port for its health, as a new client would: a listener that has died
// (out of file descriptors, say) takes no connection although its process lives.
//
// Threading: safe from any thread; one call to the port at a time.
class LoopbackCheck {
 public:
  // `host` is what the server listens on; any-addresses are reached through loopback.
  LoopbackCheck(const std::string& host, int port, const Clock& clock);

  // True when an answer came within a second. What it found is kept for a second, so that many
  // probes cost no more than one.
  bool Answers();

 private:
  const Clock& clock_;
  const std::string address_;
  Mutex mutex_;
  bool answered_ RECTIFIER_GUARDED_BY(mutex_) = false;
  std::optional<TimePoint> asked_ RECTIFIER_GUARDED_BY(mutex_);
};

}  // namespace rectifier
