#pragma once

#include <prometheus/labels.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "server/batching/task.h"
#include "server/core/clock.h"
#include "server/metrics/metric_families.h"
#include "server/metrics/model_status.h"
#include "server/models/batch_run_observer.h"
#include "server/models/inference_request.h"

namespace rectifier {

// One time series of a family; it leaves the exposition with this object. At most one Series may
// exist for the same family and labels.
template <typename Metric, typename Family = prometheus::Family<Metric>>
class Series {
 public:
  Series() = default;
  template <typename... Args>
  Series(Family& family, const prometheus::Labels& labels, Args&&... args)
      : family_(&family), metric_(&family.Add(labels, std::forward<Args>(args)...)) {}
  ~Series() { Reset(); }
  Series(const Series&) = delete;
  Series& operator=(const Series&) = delete;
  Series(Series&& other) noexcept
      : family_(other.family_), metric_(std::exchange(other.metric_, nullptr)) {}
  Series& operator=(Series&& other) noexcept {
    std::swap(family_, other.family_);
    std::swap(metric_, other.metric_);
    return *this;
  }

  void Reset() {
    if (metric_ != nullptr) family_->Remove(std::exchange(metric_, nullptr));
  }
  bool exists() const { return metric_ != nullptr; }
  Metric* operator->() const { return metric_; }

 private:
  Family* family_ = nullptr;
  Metric* metric_ = nullptr;
};

// The time series of one version of a model. Labels are looked up once, here, and not per request.
//
// Threading: safe from any thread, without a lock, but for RecordStatus() and RecordCost(), each of
// which is called by one thread at a time.
class ModelSeries {
 public:
  ModelSeries(MetricFamilies& families, const std::string& model, const std::string& version);

  void RecordStatus(const ModelStatus& status);

  void RecordStarted() { in_flight_->Increment(); }
  void RecordFinished(absl::StatusCode code, Duration total, const InferenceTimes* times);
  void RecordQueueDepth(int64_t tasks, int64_t bytes);
  void RecordRefused(Rejection why);
  void RecordDropped(Rejection why);
  void RecordBatch(CloseReason reason, Duration predicted, Duration measured);
  void RecordRun(const BatchRunObserver::Run& run);
  void RecordCost(int64_t size, Duration cost);
  void RecordProgramBuilt(int64_t cached, Duration time);

 private:
  static constexpr size_t kStatusCodes = 17;  // absl::StatusCode runs from 0 to 16
  static constexpr size_t kModelStates = 3;
  static constexpr size_t kPhases = 4;

  using Counter = Series<prometheus::Counter>;
  using Gauge = Series<prometheus::Gauge>;
  using Histogram = Series<AtomicHistogram, HistogramFamily>;

  prometheus::Labels With(const char* label, const std::string& value) const;

  MetricFamilies& families_;
  const prometheus::Labels labels_;

  std::array<Counter, kStatusCodes> requests_;
  Gauge in_flight_;
  Histogram request_duration_;
  std::array<Histogram, kPhases> phase_duration_;

  std::array<Gauge, kModelStates> state_;
  Gauge load_duration_;
  Gauge weight_bytes_;
  Counter load_failures_;
  Gauge last_load_error_;
  std::string last_load_error_text_;

  Gauge queue_tasks_;
  Gauge queue_bytes_;
  std::array<Counter, kRejections> refused_;
  std::array<Counter, kRejections> dropped_;
  std::array<Counter, kCloseReasons> closed_;
  Histogram cost_ratio_;
  Counter padding_;
  std::map<int64_t, Gauge> cost_;  // by the Program's samples
  Histogram batch_samples_;
  Histogram batch_requests_;
  Counter worker_busy_;
  Gauge programs_cached_;
  Counter programs_built_;
  Counter program_build_time_;
};

// "ok", "invalid_argument", …: the value of the label `code`.
const std::string& CodeLabel(absl::StatusCode code);

}  // namespace rectifier
