#include "server/metrics/atomic_histogram.h"

#include <limits>
#include <utility>

namespace rectifier {

AtomicHistogram::AtomicHistogram(const std::vector<double>& bounds) : bounds_(bounds) {
  for (Shard& shard : shards_) {
    shard.counts = std::vector<std::atomic<uint64_t>>(bounds.size() + 1);
  }
}

size_t AtomicHistogram::ShardOfThread() {
  static std::atomic<size_t> threads = 0;
  thread_local const size_t shard = threads.fetch_add(1, std::memory_order_relaxed) % kShards;
  return shard;
}

prometheus::ClientMetric AtomicHistogram::Collect() const {
  prometheus::ClientMetric metric;
  auto& histogram = metric.histogram;
  uint64_t below = 0;
  for (size_t i = 0; i <= bounds_.size(); ++i) {
    for (const Shard& shard : shards_) below += shard.counts[i].load(std::memory_order_relaxed);
    const double bound = i < bounds_.size() ? bounds_[i] : std::numeric_limits<double>::infinity();
    histogram.bucket.push_back({below, bound});
  }
  histogram.sample_count = below;
  for (const Shard& shard : shards_) {
    histogram.sample_sum += shard.sum.load(std::memory_order_relaxed);
  }
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
