#include "server/metrics/model_series.h"

#include "server/metrics/label_text.h"

namespace rectifier {
namespace {

constexpr size_t kMaxErrorBytes = 256;

constexpr std::array<const char*, 4> kPhaseNames = {"queue", "input", "compute", "output"};
// As Rejection and CloseReason count them.
constexpr std::array<const char*, kRejections> kRejectionNames = {
    "queue_items", "queue_bytes", "queue_wait", "priority_items",
    "cancelled",   "expired",     "deadline",   "shutdown"};
constexpr std::array<const char*, kCloseReasons> kCloseReasonNames = {"full", "idle", "delay",
                                                                      "deadline"};

struct StateName {
  ModelState state;
  const char* name;
};
constexpr std::array<StateName, 3> kStateNames = {{{ModelState::kLoading, "loading"},
                                                   {ModelState::kReady, "ready"},
                                                   {ModelState::kUnavailable, "unavailable"}}};

size_t CodeIndex(absl::StatusCode code) {
  const auto value = static_cast<int>(code);
  return value >= 0 && value <= 16 ? static_cast<size_t>(value)
                                   : static_cast<size_t>(absl::StatusCode::kUnknown);
}

}  // namespace

const std::string& CodeLabel(absl::StatusCode code) {
  static const std::array<std::string, 17> labels = {"ok",
                                                     "cancelled",
                                                     "unknown",
                                                     "invalid_argument",
                                                     "deadline_exceeded",
                                                     "not_found",
                                                     "already_exists",
                                                     "permission_denied",
                                                     "resource_exhausted",
                                                     "failed_precondition",
                                                     "aborted",
                                                     "out_of_range",
                                                     "unimplemented",
                                                     "internal",
                                                     "unavailable",
                                                     "data_loss",
                                                     "unauthenticated"};
  return labels[CodeIndex(code)];
}

ModelSeries::ModelSeries(MetricFamilies& families, const std::string& model,
                         const std::string& version)
    : families_(families),
      labels_{{"model", model}, {"version", version}},
      in_flight_(families.in_flight, labels_),
      request_duration_(families.request_duration, labels_, LatencyBuckets()),
      load_duration_(families.model_load_duration, labels_),
      weight_bytes_(families.model_weight_bytes, labels_),
      load_failures_(families.model_load_failures, labels_),
      queue_tasks_(families.queue_tasks, labels_),
      queue_bytes_(families.queue_bytes, labels_),
      cost_ratio_(families.batch_cost_ratio, labels_, RatioBuckets()),
      padding_(families.batch_padding, labels_),
      batch_samples_(families.batch_samples, labels_, BatchBuckets()),
      batch_requests_(families.batch_requests, labels_, BatchBuckets()),
      worker_busy_(families.worker_busy, labels_),
      programs_cached_(families.programs_cached, labels_),
      programs_built_(families.programs_built, labels_),
      program_build_time_(families.program_build_time, labels_) {
  // The first request with a code shows as an increase only if the series was there before it.
  for (size_t i = 0; i < kStatusCodes; ++i) {
    requests_[i] =
        Counter(families.requests, With("code", CodeLabel(static_cast<absl::StatusCode>(i))));
  }
  for (size_t i = 0; i < kPhases; ++i) {
    phase_duration_[i] =
        Histogram(families.phase_duration, With("phase", kPhaseNames[i]), LatencyBuckets());
  }
  for (size_t i = 0; i < kRejections; ++i) {
    refused_[i] = Counter(families.queue_refused, With("reason", kRejectionNames[i]));
    dropped_[i] = Counter(families.queue_dropped, With("reason", kRejectionNames[i]));
  }
  for (size_t i = 0; i < kCloseReasons; ++i) {
    closed_[i] = Counter(families.batches_closed, With("reason", kCloseReasonNames[i]));
  }
  for (size_t i = 0; i < kModelStates; ++i) {
    state_[i] = Gauge(families.model_state, With("state", kStateNames[i].name));
  }
}

void ModelSeries::RecordFinished(absl::StatusCode code, Duration total,
                                 const InferenceTimes* times) {
  requests_[CodeIndex(code)]->Increment();
  in_flight_->Decrement();
  request_duration_->Observe(Seconds(total));
  if (times == nullptr) return;
  const std::array<TimePoint, kPhases + 1> ends = {
      times->enqueued, times->dequeued, times->input_ready, times->computed, times->output_ready};
  for (size_t i = 0; i < kPhases; ++i) {
    // A request that failed on its way did not reach the phases after that.
    if (ends[i + 1] == TimePoint{}) break;
    phase_duration_[i]->Observe(Seconds(ends[i + 1] - ends[i]));
  }
}

void ModelSeries::RecordStatus(const ModelStatus& status) {
  for (size_t i = 0; i < kModelStates; ++i) {
    state_[i]->Set(kStateNames[i].state == status.state ? 1 : 0);
  }
  if (status.state == ModelState::kLoading) return;  // the rest is of the last load that ended
  load_duration_->Set(Seconds(status.load_time));
  weight_bytes_->Set(static_cast<double>(status.weight_bytes));
  if (status.programs > 0) programs_cached_->Set(static_cast<double>(status.programs));
  if (!status.error.empty()) load_failures_->Increment();
  std::string text = LabelText(status.error, kMaxErrorBytes);
  if (text == last_load_error_text_) return;
  last_load_error_.Reset();
  if (!text.empty()) {
    last_load_error_ = Gauge(families_.model_last_load_error, With("error", text));
    last_load_error_->Set(1);
  }
  last_load_error_text_ = std::move(text);
}

void ModelSeries::RecordQueueDepth(int64_t tasks, int64_t bytes) {
  queue_tasks_->Set(static_cast<double>(tasks));
  queue_bytes_->Set(static_cast<double>(bytes));
}

void ModelSeries::RecordRefused(Rejection why) { refused_[static_cast<size_t>(why)]->Increment(); }

void ModelSeries::RecordDropped(Rejection why) { dropped_[static_cast<size_t>(why)]->Increment(); }

void ModelSeries::RecordBatch(CloseReason reason, Duration predicted, Duration measured) {
  closed_[static_cast<size_t>(reason)]->Increment();
  if (predicted > Duration::zero()) cost_ratio_->Observe(Seconds(measured) / Seconds(predicted));
}

void ModelSeries::RecordRun(const BatchRunObserver::Run& run) {
  batch_samples_->Observe(static_cast<double>(run.samples));
  batch_requests_->Observe(static_cast<double>(run.requests));
  padding_->Increment(static_cast<double>(run.padding));
  worker_busy_->Increment(Seconds(run.busy));
}

void ModelSeries::RecordCost(int64_t size, Duration cost) {
  Gauge& gauge = cost_[size];
  if (!gauge.exists()) gauge = Gauge(families_.program_cost, With("batch", std::to_string(size)));
  gauge->Set(Seconds(cost));
}

void ModelSeries::RecordProgramBuilt(int64_t cached, Duration time) {
  programs_cached_->Set(static_cast<double>(cached));
  programs_built_->Increment();
  program_build_time_->Increment(Seconds(time));
}

prometheus::Labels ModelSeries::With(const char* label, const std::string& value) const {
  prometheus::Labels labels = labels_;
  labels.emplace(label, value);
  return labels;
}

}  // namespace rectifier
