#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

namespace rectifier {

// Every family that the server reports itself, with its name and its help. The process's own are in
// ProcessCollector.
//
// Threading: the families guard themselves.
struct MetricFamilies {
  MetricFamilies();

  prometheus::Registry registry;

  prometheus::Family<prometheus::Counter>& requests;
  prometheus::Family<prometheus::Counter>& rejected;
  prometheus::Family<prometheus::Gauge>& in_flight;
  prometheus::Family<prometheus::Histogram>& request_duration;
  prometheus::Family<prometheus::Histogram>& phase_duration;

  prometheus::Family<prometheus::Histogram>& batch_samples;
  prometheus::Family<prometheus::Histogram>& batch_requests;
  prometheus::Family<prometheus::Counter>& batch_padding;
  prometheus::Family<prometheus::Counter>& batches_closed;
  prometheus::Family<prometheus::Histogram>& batch_cost_ratio;
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

// Upper bounds of the latency histograms, in seconds: 50 µs to 10 s.
prometheus::Histogram::BucketBoundaries LatencyBuckets();

// Upper bounds of the batch histograms: 1, 2, 4, … 1024.
prometheus::Histogram::BucketBoundaries BatchBuckets();

// Upper bounds of what was measured in parts of what was predicted: 1/4 to 4.
prometheus::Histogram::BucketBoundaries RatioBuckets();

}  // namespace rectifier
