// What metrics and the access log cost for each request, without a server: everything that is
// reported of a request that is run alone, so that none of it is shared with others. With two
// threads, each finds what it writes to in the other's cache nearly every time: an upper bound.

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <memory>

#include "server/core/log.h"
#include "server/metrics/metrics.h"
#include "server/service/access_log.h"

namespace rectifier {
namespace {

using std::chrono::microseconds;

const InferenceTimes& Times() {
  static const InferenceTimes times = [] {
    const TimePoint start(std::chrono::hours(1));
    return InferenceTimes{.enqueued = start,
                          .dequeued = start + microseconds(20),
                          .input_ready = start + microseconds(21),
                          .computed = start + microseconds(27),
                          .output_ready = start + microseconds(28),
                          .batch = 1};
  }();
  return times;
}

void CountRequest(benchmark::State& state) {
  static Metrics metrics({"1", "1", "isa"});
  static const std::shared_ptr<ModelObserver> observer = metrics.ObserverFor("perceptron", "1");
  static const std::shared_ptr<VersionObserver> version = metrics.RequestsOf("perceptron", "1");
  for (auto _ : state) {
    const std::shared_ptr<VersionObserver> requests = version;  // as a look-up copies it
    requests->OnStarted();
    observer->OnQueueDepth(1, 296);
    observer->OnQueueDepth(0, 0);
    observer->OnRun({1, 0, 1, microseconds(8)});
    observer->OnBatch(CloseReason::kIdle, microseconds(8), microseconds(8));
    requests->OnFinished(absl::StatusCode::kOk, microseconds(40), &Times());
  }
}
BENCHMARK(CountRequest)->Threads(1)->Threads(2)->UseRealTime();

void RecordAccess(benchmark::State& state, AccessLog::Mode mode, bool failed, log::Format format) {
  log::Configure(log::Level::kInfo, format);
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  {
    const log::Background background(nowhere);
    AccessLog access_log({.mode = mode});
    const absl::Status status =
        failed ? absl::ResourceExhaustedError("queue: full: 1024 requests wait") : absl::OkStatus();
    AccessRecord record;
    record.id = "request-000001";
    record.model = "perceptron";
    record.version = "1";
    record.status = &status;
    record.samples = 1;
    record.request_bytes = 320;
    record.reply_bytes = 96;
    record.total = microseconds(40);
    record.times = failed ? nullptr : &Times();
    const TimePoint now(std::chrono::hours(1));
    for (auto _ : state) {
      if (!access_log.Considers(status.code())) continue;
      access_log.Record(record, now, [] {
        return std::string_view("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
      });
    }
  }
  close(nowhere);
}
BENCHMARK_CAPTURE(RecordAccess, errors_of_one_that_succeeds, AccessLog::Mode::kErrors, false,
                  log::Format::kJson);
BENCHMARK_CAPTURE(RecordAccess, errors_in_a_flood, AccessLog::Mode::kErrors, true,
                  log::Format::kJson);
BENCHMARK_CAPTURE(RecordAccess, sampled, AccessLog::Mode::kSampled, false, log::Format::kJson);
BENCHMARK_CAPTURE(RecordAccess, all_json, AccessLog::Mode::kAll, false, log::Format::kJson);
BENCHMARK_CAPTURE(RecordAccess, all_text, AccessLog::Mode::kAll, false, log::Format::kText);

}  // namespace
}  // namespace rectifier

BENCHMARK_MAIN();
