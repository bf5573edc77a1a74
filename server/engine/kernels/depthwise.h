#pragma once

#include <array>
#include <cstdint>

namespace rectifier::kernels {

// A convolution in which every channel has a filter of its own, over channels-last x
// [samples, height, width, channels] (a height of 1 for one dimension):
//
//   y[n, i, j, c] = f(bias[c] + Σ w[k, l, c] · x[n, i·stride − pad + k·dilation, …, c])
//
// where f is x > 0 ? x : slope[c] · x. Arrays are {height, width}.
struct DepthwiseConvolution {
  int64_t samples = 0;
  int64_t channels = 0;
  std::array<int64_t, 2> input{};
  std::array<int64_t, 2> output{};
  std::array<int64_t, 2> kernel{};
  std::array<int64_t, 2> strides{};
  std::array<int64_t, 2> dilations{};
  std::array<int64_t, 2> pads_begin{};
};

// `weights` is [kernel height, kernel width, channels]; bias and slopes have an element for each
// channel, and may be null.
void ConvolveDepthwise(const DepthwiseConvolution& shape, float* y, const float* x,
                       const float* weights, const float* bias, const float* slopes);

}  // namespace rectifier::kernels
