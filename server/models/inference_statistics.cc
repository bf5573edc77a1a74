#include "server/models/inference_statistics.h"

#include <algorithm>

namespace rectifier {

void InferenceStatisticsRecorder::RecordRun(const Run& run) {
  MutexLock lock(mutex_);
  ++statistics_.executions;
  InferenceStatistics::Runs& runs = statistics_.runs[run.samples];
  runs.input.Add(run.input_ready - run.begin);
  runs.compute.Add(run.computed - run.input_ready);
  runs.output.Add(run.output_ready - run.computed);
}

void InferenceStatisticsRecorder::RecordSuccess(int64_t samples, const InferenceTimes& times) {
  MutexLock lock(mutex_);
  statistics_.last_inference = std::max(statistics_.last_inference, times.output_ready);
  statistics_.samples += static_cast<uint64_t>(samples);
  statistics_.success.Add(times.output_ready - times.enqueued);
  statistics_.queue.Add(times.dequeued - times.enqueued);
  statistics_.input.Add(times.input_ready - times.dequeued);
  statistics_.compute.Add(times.computed - times.input_ready);
  statistics_.output.Add(times.output_ready - times.computed);
}

void InferenceStatisticsRecorder::RecordFailure(Duration time) {
  MutexLock lock(mutex_);
  statistics_.fail.Add(time);
}

InferenceStatistics InferenceStatisticsRecorder::Get() const {
  MutexLock lock(mutex_);
  return statistics_;
}

}  // namespace rectifier
