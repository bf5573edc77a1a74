#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "server/core/mutex.h"

namespace rectifier {

// A LineWriter writes lines to a file descriptor on a thread of its own, so that those who log
// never wait for whoever reads it. A reader that stalls, or a disk that is full, costs lines and no
// more than twice `max_bytes` of memory; when the lines flow again, one of them tells how many were
// lost.
//
// Threading: safe from any thread.
// Signals: its thread has the mask of the thread that makes it.
class LineWriter {
 public:
  struct Options {
    int fd = 2;                          // which stays open, and stays the caller's
    size_t max_bytes = size_t{1} << 19;  // that may wait
    // What takes the place of so many lines that were lost; ends with a newline.
    std::function<std::string(int64_t lost)> lost_line;
  };

  explicit LineWriter(Options options);
  // Writes what waits, for as long as the reader takes it without a pause of kMostPatience.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  // `line` ends with a newline. It is lost unless `spare` bytes stay free beside it.
  void Write(std::string_view line, size_t spare = 0);

  int64_t lost() const;
  size_t max_bytes() const { return options_.max_bytes; }

  static constexpr std::chrono::milliseconds kMostPatience{500};

 private:
  void Work();
  // Writes `lines`; returns how many of them were lost.
  int64_t WriteOut(std::string_view lines);
  // Whether the descriptor takes a piece without making this thread wait for long.
  bool AwaitRoom();

  const Options options_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::string waiting_ RECTIFIER_GUARDED_BY(mutex_);
  int64_t lost_ RECTIFIER_GUARDED_BY(mutex_) = 0;    // in all
  int64_t untold_ RECTIFIER_GUARDED_BY(mutex_) = 0;  // of these, those that no line tells of yet
  bool stopping_ RECTIFIER_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses everything above
};

}  // namespace rectifier
