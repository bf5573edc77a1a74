#pragma once

#include <prometheus/client_metric.h>
#include <prometheus/collectable.h>
#include <prometheus/labels.h>
#include <prometheus/metric_family.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <vector>

#include "server/core/mutex.h"

namespace rectifier {

// An AtomicHistogram counts observations in buckets, as prometheus::Histogram does, which takes a
// lock for each (measured with two threads: 80 ns against 25 ns). Without one, a page may have an
// observation in a bucket that is not in the sum yet; the count is that of the buckets.
//
// Threading: safe from any thread.
class AtomicHistogram {
 public:
  // `bounds` ascend; a bucket holds what is at most its bound, and one more what is above all.
  explicit AtomicHistogram(const std::vector<double>& bounds)
      : bounds_(bounds), counts_(bounds.size() + 1) {}

  void Observe(double value) {
    size_t bucket = 0;
    while (bucket < bounds_.size() && value > bounds_[bucket]) ++bucket;
    counts_[bucket].fetch_add(1, std::memory_order_relaxed);
    double sum = sum_.load(std::memory_order_relaxed);
    while (!sum_.compare_exchange_weak(sum, sum + value, std::memory_order_relaxed)) {
    }
  }

  prometheus::ClientMetric Collect() const;

 private:
  const std::vector<double> bounds_;
  std::vector<std::atomic<uint64_t>> counts_;
  std::atomic<double> sum_ = 0;
};

// The histograms of one name, as prometheus::Family has those of its library.
//
// Threading: safe from any thread.
class HistogramFamily final : public prometheus::Collectable {
 public:
  HistogramFamily(std::string name, std::string help);

  // It stays until it is removed; its labels are those of no other.
  AtomicHistogram& Add(const prometheus::Labels& labels, const std::vector<double>& bounds);
  void Remove(const AtomicHistogram* histogram);

  // Nothing while there is no histogram.
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  struct Member {
    Member(const prometheus::Labels& with, const std::vector<double>& bounds)
        : labels(with), histogram(bounds) {}
    prometheus::Labels labels;
    AtomicHistogram histogram;
  };

  const std::string name_;
  const std::string help_;
  mutable Mutex mutex_;
  std::list<Member> members_ RECTIFIER_GUARDED_BY(mutex_);
};

}  // namespace rectifier
