#include "server/core/line_writer.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <utility>

namespace rectifier {
namespace {

// A pipe that poll() finds writable takes as much without blocking, and terminals and sockets do.
constexpr size_t kPiece = PIPE_BUF;

// How often a thread that waits for its reader looks whether it is to stop.
constexpr int kPollMilliseconds = 50;

int64_t CountLines(std::string_view text) { return std::count(text.begin(), text.end(), '\n'); }

}  // namespace

LineWriter::LineWriter(Options options)
    : options_(std::move(options)), thread_([this] { Work(); }) {}

LineWriter::~LineWriter() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

void LineWriter::Write(std::string_view line, size_t spare) {
  MutexLock lock(mutex_);
  if (waiting_.size() + line.size() + spare > options_.max_bytes) {
    ++lost_;
    ++untold_;
    return;
  }
  const bool was_empty = waiting_.empty();
  waiting_ += line;
  if (was_empty) changed_.NotifyOne();
}

int64_t LineWriter::lost() const {
  MutexLock lock(mutex_);
  return lost_;
}

void LineWriter::Work() {
  std::string lines;
  while (true) {
    {
      MutexLock lock(mutex_);
      while (waiting_.empty() && !stopping_) changed_.Wait(mutex_);
      if (waiting_.empty()) return;
      lines.clear();
      std::swap(lines, waiting_);
      // What was lost came after the lines for which there was room.
      if (untold_ > 0) lines += options_.lost_line(std::exchange(untold_, 0));
    }
    const int64_t lost = WriteOut(lines);
    if (lost > 0) {
      MutexLock lock(mutex_);
      lost_ += lost;
      untold_ += lost;
    }
  }
}

int64_t LineWriter::WriteOut(std::string_view lines) {
  while (!lines.empty()) {
    if (!AwaitRoom()) return CountLines(lines);
    const ssize_t written = write(options_.fd, lines.data(), std::min(lines.size(), kPiece));
    if (written >= 0) {
      lines.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN) {
      (void)poll(nullptr, 0, kPollMilliseconds);
    } else if (errno != EINTR) {
      return CountLines(lines);  // the disk is full, or nobody will ever read it
    }
  }
  return 0;
}

bool LineWriter::AwaitRoom() {
  const auto begin = std::chrono::steady_clock::now();
  while (true) {
    pollfd descriptor{options_.fd, POLLOUT, 0};
    const int ready = poll(&descriptor, 1, kPollMilliseconds);
    if (ready > 0 || (ready < 0 && errno != EINTR)) return true;
    MutexLock lock(mutex_);
    if (stopping_ && std::chrono::steady_clock::now() - begin >= kMostPatience) return false;
  }
}

}  // namespace rectifier
