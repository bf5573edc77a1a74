#pragma once

#include <memory>
#include <string>

#include "server/core/clock.h"
#include "server/core/mutex.h"

namespace rectifier {

// Asks the server's own gRPC port for its health, as a client would: a listener that has died (out
// of file descriptors, say) does not answer although its process lives.
//
// Threading: safe from any thread; one call to the port at a time.
class LoopbackCheck {
 public:
  // `host` is what the server listens on; any-addresses are reached through loopback.
  LoopbackCheck(const std::string& host, int port, const Clock& clock);
  ~LoopbackCheck();

  // True when an answer came within a second. What it found is kept for a second, so that many
  // probes cost no more than one.
  bool Answers();

 private:
  struct Impl;

  const Clock& clock_;
  const std::unique_ptr<Impl> impl_;
  Mutex mutex_;
  bool answered_ RECTIFIER_GUARDED_BY(mutex_) = false;
  TimePoint asked_ RECTIFIER_GUARDED_BY(mutex_) = TimePoint::min();
};

}  // namespace rectifier
