#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>

#include <vector>

#include "server/metrics/atomic_histogram.h"

namespace rectifier {

// Every family that the server reports itself, with its name and its help. The process's own are in
// ProcessCollector, and what is read from the server in CollectServerLoad().
//
// Threading: the families guard themselves.
struct MetricFamilies {
  MetricFamilies();

  // All of them, with the series that they have.
  std::vector<prometheus::MetricFamily> Collect() const;

  prometheus::Registry registry;

  prometheus::Family<prometheus::Counter>& requests;
  prometheus::Family<prometheus::Counter>& rejected;
  prometheus::Family<prometheus::Gauge>& in_flight;
  HistogramFamily request_duration;
  HistogramFamily phase_duration;

  HistogramFamily batch_samples;
  HistogramFamily batch_requests;
  prometheus::Family<prometheus::Counter>& batch_padding;
  prometheus::Family<prometheus::Counter>& batches_closed;
  HistogramFamily batch_cost_ratio;
  prometheus::Family<prometheus::Gauge>& program_cost;
  prometheus::Family<prometheus::Counter>& worker_busy;
  prometheus::Family<prometheus::Gauge>& workers;
  prometheus::Family<prometheus::Gauge>& programs_cached;
  prometheus::Family<prometheus::Counter>& programs_built;
  prometheus::Family<prometheus::Counter>& program_build_time;

  prometheus::Family<prometheus::Gauge>& queue_tasks;
  prometheus::Family<prometheus::Gauge>& queue_bytes;
  prometheus::Family<prometheus::Counter>& queue_refused;
  prometheus::Family<prometheus::Counter>& queue_dropped;

  prometheus::Family<prometheus::Gauge>& model_state;
  prometheus::Family<prometheus::Gauge>& model_load_duration;
  prometheus::Family<prometheus::Gauge>& model_weight_bytes;
  prometheus::Family<prometheus::Counter>& model_load_failures;
  prometheus::Family<prometheus::Gauge>& model_last_load_error;

  prometheus::Family<prometheus::Gauge>& build_info;
};

// Upper bounds of the latency histograms, in seconds: 5 µs, what a small network takes, to 10 s.
std::vector<double> LatencyBuckets();

// Upper bounds of the batch histograms: 1, 2, 4, … 1024.
std::vector<double> BatchBuckets();

// Upper bounds of what was measured in parts of what was predicted: 1/4 to 4.
std::vector<double> RatioBuckets();

}  // namespace rectifier
