#pragma once

#include <cstdint>
#include <vector>

namespace rectifier::kernels {

// Pooling of channels-last x [samples, spatial…, channels] where the result of a window is
// (Σ |x|^p)^(1/p) over those of its elements that lie in the input. Lists are over the spatial
// dimensions.
struct LpPool {
  int64_t samples = 0;
  int64_t channels = 0;
  std::vector<int64_t> input;
  std::vector<int64_t> output;
  std::vector<int64_t> kernel;
  std::vector<int64_t> strides;
  std::vector<int64_t> dilations;
  std::vector<int64_t> pads_begin;
  float p = 2;
};

void PoolLp(const LpPool& pool, float* y, const float* x);

}  // namespace rectifier::kernels
