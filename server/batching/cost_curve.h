#pragma once

#include <cstdint>
#include <vector>

#include "server/batching/batch_costs.h"
#include "server/core/clock.h"

namespace rectifier {

// A CostCurve learns from measured runs what each Program costs.
//
// What a size costs is what its latest runs took. Of a size that is seldom run that says little:
// the machine may have been less busy then. So, the longer ago its runs are, the more its cost is
// what it takes alone, as calibrated, times what the sizes that are run now take in parts of that.
//
// No single run moves an estimate by much: a worker that loses its CPU for a while says nothing of
// the network.
//
// Threading: none of its own; the owner guards it.
class CostCurve {
 public:
  // `sizes` as BatchCosts takes them.
  explicit CostCurve(std::vector<int64_t> sizes);

  // The Program for `size` samples, one of the sizes, takes `time` with nothing beside it, or took
  // `time` to run a batch. A time of zero is none. True when what is estimated has changed much.
  bool Calibrate(int64_t size, Duration time);
  bool Observe(int64_t size, Duration time);

  const BatchCosts& costs() const { return costs_; }
  // Of one run of a size; zero: not known.
  Duration Estimate(int64_t size) const;

 private:
  // Nanoseconds; zero: not known.
  struct Size {
    double alone = 0;
    double live = 0;
    double weight = 0;  // how many of the latest observations were of this size
  };

  size_t IndexOf(int64_t size) const;
  // What the sizes that are run take in parts of what they take alone.
  double Busyness() const;
  static double Estimate(const Size& size, double busyness);
  bool Refresh();

  std::vector<Size> learned_;
  std::vector<double> estimates_;
  std::vector<double> in_costs_;  // the estimates that costs_ was made from
  BatchCosts costs_;
};

}  // namespace rectifier
