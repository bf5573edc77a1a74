#include "server/app/stop_signals.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "server/core/check.h"
#include "server/core/log.h"

namespace rectifier {

StopSignals::StopSignals() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGTERM);
  sigaddset(&signals_, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  signal_fd_ = signalfd(-1, &signals_, SFD_CLOEXEC);
  closing_fd_ = eventfd(0, EFD_CLOEXEC);
  RECTIFIER_CHECK(signal_fd_ >= 0 && closing_fd_ >= 0);
  thread_ = std::thread([this] { Listen(); });
}

StopSignals::~StopSignals() {
  const uint64_t one = 1;
  RECTIFIER_CHECK(write(closing_fd_, &one, sizeof(one)) == sizeof(one));
  thread_.join();
  close(signal_fd_);
  close(closing_fd_);
  pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
}

void StopSignals::Wait() const {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any().wait(lock, token(), [] { return false; });
}

void StopSignals::EndProcess(int number) const {
  pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
  raise(number);
  // A container's first process is not ended by a signal of its own; so shells number its end.
  _exit(128 + number);
}

void StopSignals::Listen() {
  pollfd descriptors[] = {{closing_fd_, POLLIN, 0}, {signal_fd_, POLLIN, 0}};
  while (true) {
    const int ready = poll(descriptors, 2, /*timeout=*/-1);
    RECTIFIER_CHECK(ready > 0 || errno == EINTR);
    if (ready <= 0) continue;
    if (descriptors[0].revents != 0) return;
    signalfd_siginfo info{};
    RECTIFIER_CHECK(read(signal_fd_, &info, sizeof(info)) == sizeof(info));
    const int number = static_cast<int>(info.ssi_signo);
    if (source_.stop_requested()) EndProcess(number);
    log::Info("stopping", {{"signal", number == SIGTERM ? "SIGTERM" : "SIGINT"}});
    source_.request_stop();
  }
}

}  // namespace rectifier
