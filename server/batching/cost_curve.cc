#include "server/batching/cost_curve.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "server/core/check.h"

namespace rectifier {
namespace {

// An observation moves what is known by a tenth of its distance, as a ratio; by 3 % at most.
constexpr double kFollow = 0.1;
constexpr double kMostDistance = 0.3;

// The latest observations are about a hundred; this many of a size are as good as its calibration.
constexpr double kForget = 0.99;
constexpr double kTrusted = 4;

// The table of the best ways to run a batch is made anew when an estimate has moved by so much.
constexpr double kMoved = 0.05;

std::vector<Duration> Durations(const std::vector<double>& nanoseconds) {
  std::vector<Duration> durations;
  for (const double value : nanoseconds) {
    durations.emplace_back(static_cast<Duration::rep>(value));
  }
  return durations;
}

}  // namespace

CostCurve::CostCurve(std::vector<int64_t> sizes)
    : learned_(sizes.size()),
      estimates_(sizes.size(), 0),
      in_costs_(estimates_),
      costs_(std::move(sizes), Durations(estimates_)) {}

size_t CostCurve::IndexOf(int64_t size) const {
  const std::vector<int64_t>& sizes = costs_.sizes();
  const auto found = std::lower_bound(sizes.begin(), sizes.end(), size);
  RECTIFIER_CHECK(found != sizes.end() && *found == size);
  return static_cast<size_t>(found - sizes.begin());
}

bool CostCurve::Calibrate(int64_t size, Duration time) {
  if (time <= Duration::zero()) return false;
  learned_[IndexOf(size)].alone = static_cast<double>(time.count());
  return Refresh();
}

bool CostCurve::Observe(int64_t size, Duration time) {
  if (time <= Duration::zero()) return false;
  const auto observed = static_cast<double>(time.count());
  for (Size& other : learned_) other.weight *= kForget;
  Size& learned = learned_[IndexOf(size)];
  learned.weight += 1;
  if (learned.live == 0) {
    learned.live = observed;
  } else {
    const double distance = std::log(observed / learned.live);
    learned.live *= std::exp(kFollow * std::clamp(distance, -kMostDistance, kMostDistance));
  }
  return Refresh();
}

Duration CostCurve::Estimate(int64_t size) const {
  return Duration(static_cast<Duration::rep>(estimates_[IndexOf(size)]));
}

double CostCurve::Busyness() const {
  double sum = 0;
  double weight = 0;
  for (const Size& size : learned_) {
    if (size.alone == 0 || size.live == 0) continue;
    sum += size.weight * std::log(size.live / size.alone);
    weight += size.weight;
  }
  return weight == 0 ? 1 : std::exp(sum / weight);
}

double CostCurve::Estimate(const Size& size, double busyness) {
  if (size.alone == 0) return size.live;
  const double calibrated = size.alone * busyness;
  if (size.live == 0) return calibrated;
  const double trust = size.weight / (size.weight + kTrusted);
  return calibrated * std::pow(size.live / calibrated, trust);
}

bool CostCurve::Refresh() {
  const double busyness = Busyness();
  bool moved = false;
  for (size_t i = 0; i < learned_.size(); ++i) {
    estimates_[i] = Estimate(learned_[i], busyness);
    moved |= std::abs(estimates_[i] - in_costs_[i]) > kMoved * in_costs_[i];
  }
  if (!moved) return false;
  in_costs_ = estimates_;
  costs_ = BatchCosts(costs_.sizes(), Durations(estimates_));
  return true;
}

}  // namespace rectifier
