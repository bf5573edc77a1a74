#include "server/batching/batch_costs.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <utility>

#include "server/core/check.h"

namespace rectifier {
namespace {

// Between two ways that cost the same, fewer runs are better: each counts so much more of itself.
constexpr double kPerRun = 1e-3;

// Every cost in nanoseconds, the unknown ones in proportion to their nearest neighbour's.
std::vector<double> Complete(const std::vector<int64_t>& sizes,
                             const std::vector<Duration>& costs) {
  std::vector<double> complete;
  for (size_t i = 0; i < sizes.size(); ++i) {
    size_t nearest = costs.size();
    for (size_t j = 0; j < costs.size(); ++j) {
      if (costs[j] <= Duration::zero()) continue;
      const auto distance = [&](size_t k) { return k > i ? k - i : i - k; };
      if (nearest == costs.size() || distance(j) <= distance(nearest)) nearest = j;
    }
    const double per_sample =
        nearest == costs.size()
            ? 1
            : static_cast<double>(costs[nearest].count()) / static_cast<double>(sizes[nearest]);
    complete.push_back(per_sample * static_cast<double>(sizes[i]));
  }
  return complete;
}

}  // namespace

BatchCosts::BatchCosts(std::vector<int64_t> sizes, const std::vector<Duration>& costs)
    : sizes_(std::move(sizes)) {
  RECTIFIER_CHECK(!sizes_.empty() && sizes_.front() == 1 && sizes_.size() == costs.size());
  known_ = std::any_of(costs.begin(), costs.end(), [](Duration d) { return d > Duration::zero(); });
  const std::vector<double> run = Complete(sizes_, costs);
  const double unit = *std::min_element(run.begin(), run.end()) * kPerRun;
  const auto most = static_cast<size_t>(max_batch());
  best_.assign(most + 1, 0);
  last_run_.assign(most + 1, 0);
  for (size_t samples = 1; samples <= most; ++samples) {
    for (size_t i = 0; i < sizes_.size(); ++i) {
      const auto size = static_cast<size_t>(sizes_[i]);
      const double cost = run[i] + unit + (size < samples ? best_[samples - size] : 0);
      if (last_run_[samples] == 0 || cost < best_[samples]) {
        best_[samples] = cost;
        last_run_[samples] = sizes_[i];
      }
      if (size >= samples && !known_) break;  // larger ones only pad more
    }
  }
}

Duration BatchCosts::Of(int64_t samples) const {
  return Duration(known_ ? static_cast<Duration::rep>(Weight(samples)) : 0);
}

double BatchCosts::Weight(int64_t samples) const {
  const auto rest = static_cast<size_t>(samples % max_batch());
  return static_cast<double>(samples / max_batch()) * best_.back() + best_[rest];
}

Duration BatchCosts::PerSample() const {
  if (!known_) return Duration::zero();
  double best = best_[1];
  for (size_t samples = 2; samples < best_.size(); ++samples) {
    best = std::min(best, best_[samples] / static_cast<double>(samples));
  }
  return Duration(static_cast<Duration::rep>(best));
}

std::vector<int64_t> BatchCosts::Runs(int64_t samples) const {
  RECTIFIER_CHECK(samples >= 1 && samples <= max_batch());
  std::vector<int64_t> runs;
  while (samples > 0) {
    runs.push_back(last_run_[static_cast<size_t>(samples)]);
    samples -= runs.back();
  }
  std::sort(runs.begin(), runs.end(), std::greater<>());
  return runs;
}

}  // namespace rectifier
