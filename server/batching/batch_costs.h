#pragma once

#include <cstdint>
#include <vector>

#include "server/core/clock.h"

namespace rectifier {

// What it costs to run batches with the Programs that there are, and so how each is run best: the
// cheapest sizes for every number of samples, found once by dynamic programming. Immutable.
class BatchCosts {
 public:
  // `sizes` ascend from 1; a batch has at most sizes.back() samples. Of a Program whose cost is not
  // known (zero), it is taken to be in proportion to that of the nearest that is. Where none is
  // known, batches run as the fewest Programs, without padding, and every cost is zero.
  BatchCosts(std::vector<int64_t> sizes, const std::vector<Duration>& costs);

  const std::vector<int64_t>& sizes() const { return sizes_; }
  int64_t max_batch() const { return sizes_.back(); }
  bool known() const { return known_; }

  // Of running so many samples, at least 1, the cheapest way; more than max_batch() in parts.
  Duration Of(int64_t samples) const;

  // The same to compare with each other: known even where no cost is, in an unknown unit; of none,
  // 0.
  double Weight(int64_t samples) const;

  // What a sample costs at the least, when as many wait as can be used.
  Duration PerSample() const;

  // The Programs to run for so many samples, 1 to max_batch(), largest first. They hold them all;
  // the last may have room left: 5 of {1, 2, 4, 8} is {4, 1} or {8}, whichever is cheaper.
  std::vector<int64_t> Runs(int64_t samples) const;

 private:
  std::vector<int64_t> sizes_;
  bool known_ = false;
  // By samples: what they cost (nanoseconds; parts of an unknown unit where none is known), and
  // which of the sizes is the last of their runs.
  std::vector<double> best_;
  std::vector<int64_t> last_run_;
};

}  // namespace rectifier
