#pragma once

#include <csignal>
#include <stop_token>
#include <thread>

namespace rectifier {

// StopSignals turns SIGTERM and SIGINT into a stop request. The first one is logged and asks to
// stop; a second one ends the process.
//
// Make it before any other thread: it blocks both signals in the calling thread, and so in those
// that are started from there. One at a time in a process.
class StopSignals {
 public:
  StopSignals();
  // Both signals have their usual effect again.
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  std::stop_token token() const { return source_.get_token(); }

  // Returns once a stop was asked for.
  void Wait() const;

 private:
  void Listen();
  [[noreturn]] void EndProcess(int number) const;

  sigset_t signals_{};
  int signal_fd_;
  int closing_fd_;  // an eventfd that the destructor writes to
  std::stop_source source_;
  std::thread thread_;  // last: it uses everything above
};

}  // namespace rectifier
