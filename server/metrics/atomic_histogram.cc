#include "server/metrics/atomic_histogram.h"

#include <limits>
#include <utility>

namespace rectifier {

prometheus::ClientMetric AtomicHistogram::Collect() const {
  prometheus::ClientMetric metric;
  auto& histogram = metric.histogram;
  uint64_t below = 0;
  for (size_t i = 0; i < counts_.size(); ++i) {
    below += counts_[i].load(std::memory_order_relaxed);
    const double bound = i < bounds_.size() ? bounds_[i] : std::numeric_limits<double>::infinity();
    histogram.bucket.push_back({below, bound});
  }
  histogram.sample_count = below;
  histogram.sample_sum = sum_.load(std::memory_order_relaxed);
  return metric;
}

HistogramFamily::HistogramFamily(std::string name, std::string help)
    : name_(std::move(name)), help_(std::move(help)) {}

AtomicHistogram& HistogramFamily::Add(const prometheus::Labels& labels,
                                      const std::vector<double>& bounds) {
  MutexLock lock(mutex_);
  return members_.emplace_back(labels, bounds).histogram;
}

void HistogramFamily::Remove(const AtomicHistogram* histogram) {
  MutexLock lock(mutex_);
  members_.remove_if([histogram](const Member& member) { return &member.histogram == histogram; });
}

std::vector<prometheus::MetricFamily> HistogramFamily::Collect() const {
  MutexLock lock(mutex_);
  if (members_.empty()) return {};
  prometheus::MetricFamily family{name_, help_, prometheus::MetricType::Histogram, {}};
  for (const Member& member : members_) {
    prometheus::ClientMetric metric = member.histogram.Collect();
    for (const auto& [name, value] : member.labels) metric.label.push_back({name, value});
    family.metric.push_back(std::move(metric));
  }
  return {std::move(family)};
}

}  // namespace rectifier
