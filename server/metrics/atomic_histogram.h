#pragma once

#include <prometheus/client_metric.h>
#include <prometheus/collectable.h>
#include <prometheus/labels.h>
#include <prometheus/metric_family.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <vector>

#include "server/core/mutex.h"

namespace rectifier {

// An AtomicHistogram counts observations in buckets, as prometheus::Histogram does, which takes a
// lock for each. Without one, a page may have an observation in a bucket that is not in the sum
// yet; the count is that of the buckets. Threads count apart from each other, as far as there are
// shards: most of what an observation costs would be to fetch the counts from another CPU's cache.
//
// Threading: safe from any thread.
class AtomicHistogram {
 public:
  // `bounds` ascend; a bucket holds what is at most its bound, and one more what is above all.
  explicit AtomicHistogram(const std::vector<double>& bounds);

  void Observe(double value) {
    size_t bucket = 0;
    while (bucket < bounds_.size() && value > bounds_[bucket]) ++bucket;
    Shard& shard = shards_[ShardOfThread()];
    shard.counts[bucket].fetch_add(1, std::memory_order_relaxed);
    double sum = shard.sum.load(std::memory_order_relaxed);
    while (!shard.sum.compare_exchange_weak(sum, sum + value, std::memory_order_relaxed)) {
    }
  }

  prometheus::ClientMetric Collect() const;

 private:
  static constexpr size_t kShards = 4;

  struct alignas(64) Shard {
    std::vector<std::atomic<uint64_t>> counts;
    std::atomic<double> sum = 0;
  };

  // Threads are given shards in turn, when they first count something.
  static size_t ShardOfThread();

  const std::vector<double> bounds_;
  std::array<Shard, kShards> shards_;
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
