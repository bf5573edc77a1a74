#include "server/engine/kernels/lp_pool.h"

#include <algorithm>
#include <cmath>

namespace rectifier::kernels {
namespace {

// Counts `index` up within `dims`, the last fastest; false after the last.
bool Next(std::vector<int64_t>& index, const std::vector<int64_t>& dims) {
  for (size_t i = dims.size(); i-- > 0;) {
    if (++index[i] < dims[i]) return true;
    index[i] = 0;
  }
  return false;
}

}  // namespace

void PoolLp(const LpPool& pool, float* y, const float* x) {
  const size_t rank = pool.input.size();
  int64_t positions = 1;
  for (const int64_t dim : pool.input) positions *= dim;
  std::vector<int64_t> out(rank, 0);
  std::vector<int64_t> tap(rank, 0);
  for (int64_t n = 0; n < pool.samples; ++n, x += positions * pool.channels) {
    do {
      std::fill_n(y, pool.channels, 0.0F);
      do {
        int64_t position = 0;
        bool inside = true;
        for (size_t i = 0; i < rank; ++i) {
          const int64_t at =
              out[i] * pool.strides[i] - pool.pads_begin[i] + tap[i] * pool.dilations[i];
          inside = inside && at >= 0 && at < pool.input[i];
          position = position * pool.input[i] + at;
        }
        if (!inside) continue;
        const float* from = x + position * pool.channels;
        for (int64_t c = 0; c < pool.channels; ++c) y[c] += std::pow(std::abs(from[c]), pool.p);
      } while (Next(tap, pool.kernel));
      for (int64_t c = 0; c < pool.channels; ++c) y[c] = std::pow(y[c], 1 / pool.p);
      y += pool.channels;
    } while (Next(out, pool.output));
  }
}

}  // namespace rectifier::kernels
