#pragma once

#include <prometheus/metric_family.h>

#include <string>

namespace rectifier {

// A family of one counter or gauge without labels.
inline prometheus::MetricFamily SingleMetric(std::string name, std::string help,
                                             prometheus::MetricType type, double value) {
  prometheus::ClientMetric metric;
  (type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  return {std::move(name), std::move(help), type, {metric}};
}

}  // namespace rectifier
