#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rectifier::kernels {

// A dense tensor seen as [outer, size, inner], and what happens along the dimension in the middle.
struct AxisView {
  int64_t outer = 1;
  int64_t size = 1;
  int64_t inner = 1;
};

// y [outer, indices, inner] = x[o, indices[j], i] for elements of `element_size` bytes. An index
// below 0 counts from the end; one that lies outside gives zeros.
void TakeAlongAxis(const AxisView& x, std::span<const int64_t> indices, int64_t element_size,
                   std::byte* to, const std::byte* from);

// One of the elements along an axis that a resampled one is a weighted sum of.
struct Tap {
  int64_t index;
  float weight;
};

// How an axis is resampled: the taps of each new position, or none where it is `outside`.
struct Resampling {
  std::vector<std::vector<Tap>> taps;
  float outside = 0;
};

// y [outer, taps, inner] = Σ weight · x[o, index, i], of f32.
void ResampleAxis(const AxisView& x, const Resampling& resampling, float* to, const float* from);

}  // namespace rectifier::kernels
