#include "server/service/access_log.h"

#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "server/core/check.h"
#include "server/core/status.h"
#include "server/service/trace_context.h"

namespace rectifier {
namespace {

struct ModeName {
  AccessLog::Mode mode;
  const char* name;
};
constexpr std::array<ModeName, 4> kModeNames = {{{AccessLog::Mode::kOff, "off"},
                                                 {AccessLog::Mode::kErrors, "errors"},
                                                 {AccessLog::Mode::kSampled, "sampled"},
                                                 {AccessLog::Mode::kAll, "all"}}};

void WriteToLog(log::Level level, std::string_view message, std::span<const log::Field> fields) {
  log::Write(level, message, fields, log::Kind::kRequest);
}

log::Level LevelOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return log::Level::kInfo;
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDataLoss:
      return log::Level::kError;
    default:
      return log::Level::kWarning;
  }
}

// To the microsecond.
double Milliseconds(Duration duration) { return std::round(Seconds(duration) * 1e6) / 1e3; }

}  // namespace

std::optional<AccessLog::Mode> ParseAccessLogMode(std::string_view name) {
  for (const ModeName& known : kModeNames) {
    if (name == known.name) return known.mode;
  }
  return std::nullopt;
}

AccessLog::AccessLog(const Options& options, Write write)
    : options_(options), write_(write ? std::move(write) : WriteToLog) {
  RECTIFIER_CHECK(options.sample_every >= 1);
  RECTIFIER_CHECK(options.errors_per_second >= 1);
}

AccessLog::~AccessLog() {
  if (untold_ == 0) return;
  const log::Field fields[] = {{"suppressed", int64_t{untold_}}};
  write_(log::Level::kWarning, "failed requests were not logged one by one", fields);
}

bool AccessLog::WithinBound(TimePoint now) {
  MutexLock lock(mutex_);
  if (!second_ || now - *second_ >= std::chrono::seconds(1)) {
    second_ = now;
    in_second_ = 0;
  }
  return ++in_second_ <= options_.errors_per_second;
}

void AccessLog::Record(const AccessRecord& record, TimePoint now,
                       absl::FunctionRef<std::string_view()> traceparent) {
  const absl::StatusCode code = record.status->code();
  const log::Level level = LevelOf(code);
  if (!Considers(code) || !log::Enabled(level)) return;
  if (options_.mode != Mode::kAll) {
    if (code == absl::StatusCode::kOk) {
      const uint64_t before = succeeded_.fetch_add(1, std::memory_order_relaxed);
      if (before % static_cast<uint64_t>(options_.sample_every) != 0) return;
    } else if (!WithinBound(now)) {
      ++suppressed_;
      ++untold_;
      return;
    }
  }
  absl::InlinedVector<log::Field, 20> fields;
  const auto add_text = [&fields](const char* key, std::string_view text) {
    if (!text.empty()) fields.emplace_back(key, text);
  };
  add_text("id", record.id);
  add_text("model", record.model);
  add_text("version", record.version);
  fields.emplace_back("code", absl::StatusCodeToString(code));
  if (record.samples > 0) fields.emplace_back("samples", record.samples);
  fields.emplace_back("request_bytes", record.request_bytes);
  fields.emplace_back("reply_bytes", record.reply_bytes);
  if (record.times != nullptr) {
    const InferenceTimes& times = *record.times;
    const auto add_phase = [&fields](const char* key, TimePoint begin, TimePoint end) {
      // A request that failed on its way did not reach the phases after that.
      if (end != TimePoint{}) fields.emplace_back(key, Milliseconds(end - begin));
    };
    fields.emplace_back("batch", times.batch);
    add_phase("queue_ms", times.enqueued, times.dequeued);
    add_phase("input_ms", times.dequeued, times.input_ready);
    add_phase("compute_ms", times.input_ready, times.computed);
    add_phase("output_ms", times.computed, times.output_ready);
  }
  fields.emplace_back("total_ms", Milliseconds(record.total));
  if (const std::optional<TraceContext> trace = ParseTraceparent(traceparent())) {
    add_text("trace_id", trace->trace_id);
    add_text("span_id", trace->span_id);
  }
  if (!record.status->ok()) add_text("error", Message(*record.status));
  if (const int64_t untold = untold_.exchange(0); untold > 0) {
    fields.emplace_back("suppressed", untold);
  }
  write_(level, "request", fields);
}

}  // namespace rectifier
