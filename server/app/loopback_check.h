#pragma once

#include <memory>
#include <string>

namespace rectifier {

// Asks the server's own gRPC port for its health, as a client would: a listener that has died (out
// of file descriptors, say) does not answer although its process lives.
//
// Threading: safe from any thread.
class LoopbackCheck {
 public:
  // `host` is what the server listens on; any-addresses are reached through loopback.
  LoopbackCheck(const std::string& host, int port);
  ~LoopbackCheck();

  // True when an answer came within a second, whatever it was.
  bool Answers() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rectifier
