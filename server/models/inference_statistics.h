#pragma once

#include <cstdint>
#include <map>

#include "server/core/clock.h"
#include "server/core/mutex.h"
#include "server/models/inference_request.h"

namespace rectifier {

// How often something happened, and how long all of it took.
struct DurationSum {
  uint64_t count = 0;
  Duration total{};

  void Add(Duration duration) {
    ++count;
    total += duration;
  }
};

// What one version of a model has done since it was loaded.
struct InferenceStatistics {
  // Of the runs of Programs with the same number of samples.
  struct Runs {
    DurationSum input;
    DurationSum compute;
    DurationSum output;
  };

  TimePoint last_inference{};  // when the last request was answered; TimePoint{}: none was
  uint64_t samples = 0;        // of answered requests
  uint64_t executions = 0;     // of Programs
  // Requests from Submit() to their end: answered, and not. The phases are those of answered ones,
  // so the five counts are equal.
  DurationSum success;
  DurationSum fail;
  DurationSum queue;
  DurationSum input;
  DurationSum compute;
  DurationSum output;
  std::map<int64_t, Runs> runs;  // by samples
};

// Safe from any thread.
class InferenceStatisticsRecorder {
 public:
  // A Program ran `samples` samples: begun, its inputs laid out, computed, its outputs handed out.
  struct Run {
    int64_t samples = 0;
    TimePoint begin{};
    TimePoint input_ready{};
    TimePoint computed{};
    TimePoint output_ready{};
  };
  void RecordRun(const Run& run);
  // A request of `samples` samples was answered; all of `times` is set.
  void RecordSuccess(int64_t samples, const InferenceTimes& times);
  // A request was refused or dropped, after `time`.
  void RecordFailure(Duration time);

  InferenceStatistics Get() const;

 private:
  mutable Mutex mutex_;
  InferenceStatistics statistics_ RECTIFIER_GUARDED_BY(mutex_);
};

}  // namespace rectifier
