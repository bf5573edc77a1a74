#include "server/metrics/metric_families.h"

#include <string>
#include <utility>

namespace rectifier {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;

template <typename Builder>
auto& Register(Builder builder, prometheus::Registry& registry, const std::string& name,
               const std::string& help) {
  return builder.Name("rectifier_" + name).Help(help).Register(registry);
}

}  // namespace

MetricFamilies::MetricFamilies()
    : requests(Register(BuildCounter(), registry, "inference_requests_total",
                        "Inference requests answered, by status code.")),
      rejected(Register(BuildCounter(), registry, "inference_rejected_total",
                        "Inference requests that named no known model, by status code.")),
      in_flight(Register(BuildGauge(), registry, "inference_requests_in_flight",
                         "Inference requests received and not yet answered.")),
      request_duration("rectifier_inference_request_duration_seconds",
                       "Time from receipt of a request to its answer."),
      phase_duration("rectifier_inference_phase_duration_seconds",
                     "Time that a request that was run spent in each phase."),
      batch_samples("rectifier_batch_samples", "Samples in each execution of a model."),
      batch_requests("rectifier_batch_requests", "Requests that shared each execution of a model."),
      batch_padding(Register(BuildCounter(), registry, "batch_padding_samples_total",
                             "Samples that were computed for nothing, to fill a Program.")),
      batches_closed(Register(BuildCounter(), registry, "batches_closed_total",
                              "Batches, by why they held no more: full (as many samples as pay), "
                              "idle (all that waited), delay, deadline.")),
      batch_cost_ratio("rectifier_batch_cost_ratio",
                       "Time that a batch took, in parts of what was predicted."),
      program_cost(Register(BuildGauge(), registry, "program_cost_seconds",
                            "What one run of the Program for a batch is expected to take.")),
      worker_busy(Register(BuildCounter(), registry, "worker_busy_seconds_total",
                           "Time that workers spent on executions of a model.")),
      workers(Register(BuildGauge(), registry, "workers", "Threads that execute models.")),
      programs_cached(Register(BuildGauge(), registry, "programs_cached",
                               "Programs that are kept: one for each batch size, or those for the "
                               "input shapes that requests brought last.")),
      programs_built(Register(BuildCounter(), registry, "programs_built_total",
                              "Programs made for input shapes that requests brought.")),
      program_build_time(Register(BuildCounter(), registry, "program_build_seconds_total",
                                  "Time that requests waited for Programs to be made.")),
      queue_tasks(Register(BuildGauge(), registry, "queue_tasks", "Requests that wait to be run.")),
      queue_bytes(Register(BuildGauge(), registry, "queue_bytes",
                           "Memory held by requests that wait to be run.")),
      queue_refused(Register(BuildCounter(), registry, "queue_refused_total",
                             "Requests that were refused on arrival, by reason.")),
      queue_dropped(Register(BuildCounter(), registry, "queue_dropped_total",
                             "Requests that left the queue without being run, by reason.")),
      model_state(Register(BuildGauge(), registry, "model_state",
                           "1 for the state that a version of a model is in, 0 for the others.")),
      model_load_duration(Register(BuildGauge(), registry, "model_load_duration_seconds",
                                   "How long the last load of a version took.")),
      model_weight_bytes(Register(BuildGauge(), registry, "model_weight_bytes",
                                  "Memory held by the weights of a version.")),
      model_load_failures(Register(BuildCounter(), registry, "model_load_failures_total",
                                   "Loads of a version that failed.")),
      model_last_load_error(Register(BuildGauge(), registry, "model_last_load_error_info",
                                     "Why the last load of a version failed; absent when it did "
                                     "not.")),
      build_info(Register(BuildGauge(), registry, "build_info",
                          "1; the labels tell the build of the server.")) {}

std::vector<prometheus::MetricFamily> MetricFamilies::Collect() const {
  std::vector<prometheus::MetricFamily> all = registry.Collect();
  for (const HistogramFamily* histograms :
       {&request_duration, &phase_duration, &batch_samples, &batch_requests, &batch_cost_ratio}) {
    for (prometheus::MetricFamily& family : histograms->Collect()) all.push_back(std::move(family));
  }
  return all;
}

std::vector<double> LatencyBuckets() {
  return {5e-6,  10e-6, 25e-6, 50e-6,  100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3,
          10e-3, 25e-3, 50e-3, 100e-3, 250e-3, 500e-3, 1.0,    2.5,  5.0,    10.0};
}

std::vector<double> BatchBuckets() { return {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024}; }

std::vector<double> RatioBuckets() { return {0.25, 0.5, 0.8, 0.9, 1.0, 1.1, 1.25, 2, 4}; }

}  // namespace rectifier
