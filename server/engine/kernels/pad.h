#pragma once

#include <array>
#include <cstdint>

namespace rectifier::kernels {

// What is put around each sample of a channels-last tensor [samples, depth, height, width, C], with
// a size of 1 for dimensions that it has not. Arrays are {depth, height, width}.
struct Padding {
  int64_t samples = 0;
  int64_t channels = 0;
  std::array<int64_t, 3> input{};
  std::array<int64_t, 3> output{};  // at least `begin` and `input` together
  std::array<int64_t, 3> begin{};
};

// y [samples, output…, C] is x [samples, input…, C] with `value` around it.
void Pad(const Padding& padding, float* y, const float* x, float value);

}  // namespace rectifier::kernels
