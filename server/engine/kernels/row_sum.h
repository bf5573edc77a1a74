#pragma once

#include <cstdint>

namespace rectifier::kernels {

// Sums what a convolution's rows of taps have given, each for all rows of x:
//
//   y[n, i, j, m] = bias[m] + Σ_k z[n, i + k·dilation − pad, j, k, m]
//
// over the rows of z that there are; everything is channels-last, and z has `taps` times y's
// channels. The order of the additions is that of k.
struct RowSum {
  int64_t samples = 0;
  int64_t rows = 0;    // of y
  int64_t z_rows = 0;  // of z
  int64_t columns = 0;
  int64_t channels = 0;  // of y
  int64_t taps = 0;
  int64_t dilation = 1;
  int64_t pad = 0;  // at the beginning
};

// `bias` has an element for each of y's channels, or is null.
void SumRows(const RowSum& shape, float* y, const float* z, const float* bias);

}  // namespace rectifier::kernels
