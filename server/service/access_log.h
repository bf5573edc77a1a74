#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "server/core/clock.h"
#include "server/core/log.h"
#include "server/core/mutex.h"
#include "server/models/inference_request.h"

namespace rectifier {

// A request that has ended. Texts may be a client's; empty: not known.
struct AccessRecord {
  std::string_view id;
  std::string_view model;
  std::string_view version;  // the one that was looked up, if it was
  const absl::Status* status = nullptr;
  int64_t samples = 0;  // 0: not known
  int64_t request_bytes = 0;
  int64_t reply_bytes = 0;
  Duration total{};                       // from receipt to reply
  const InferenceTimes* times = nullptr;  // null: it was never run
};

// An AccessLog tells in the server's log of the requests that it is asked to tell of, a line each:
// at level info of those that succeed, warning of those that fail, and error of those that fail
// through the server's own fault. Many failures in a second do not flood the log: those above a
// bound are counted, and the next line has their number.
//
// Threading: safe from any thread.
class AccessLog {
 public:
  enum class Mode {
    kOff,
    kErrors,   // those that fail
    kSampled,  // those that fail, and one of so many that succeed
    kAll,      // every one, without a bound
  };
  struct Options {
    Mode mode = Mode::kErrors;
    int64_t sample_every = 100;      // at least 1
    int64_t errors_per_second = 10;  // at least 1
  };
  using Write = std::function<void(log::Level level, std::string_view message,
                                   std::span<const log::Field> fields)>;

  // A test brings its own `write`; empty: the server's log.
  explicit AccessLog(const Options& options, Write write = {});
  // Tells of what was left out since the last line.
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  Mode mode() const { return options_.mode; }

  // False when there is nothing to record of a request with this code.
  bool Considers(absl::StatusCode code) const {
    return options_.mode >= Mode::kSampled ||
           (options_.mode == Mode::kErrors && code != absl::StatusCode::kOk);
  }

  // Writes the request's line if it is its turn; `traceparent` (see ParseTraceparent()) is only
  // then asked for. `now` is the time of its end.
  void Record(const AccessRecord& record, TimePoint now,
              absl::FunctionRef<std::string_view()> traceparent);

  // Requests that the bound has left out so far.
  int64_t suppressed() const { return suppressed_; }

 private:
  // Whether a request that failed at `now` is within the bound.
  bool WithinBound(TimePoint now) RECTIFIER_EXCLUDES(mutex_);

  const Options options_;
  const Write write_;
  std::atomic<uint64_t> succeeded_ = 0;
  std::atomic<int64_t> suppressed_ = 0;
  std::atomic<int64_t> untold_ = 0;  // of these, what no line has told of yet
  Mutex mutex_;
  std::optional<TimePoint> second_ RECTIFIER_GUARDED_BY(mutex_);  // when the present one began
  int64_t in_second_ RECTIFIER_GUARDED_BY(mutex_) = 0;
};

// "off", "errors", "sampled", "all".
std::optional<AccessLog::Mode> ParseAccessLogMode(std::string_view name);

}  // namespace rectifier
