#pragma once

#include <cstdint>

namespace rectifier::kernels {

// Instance and group normalization of x [samples, channels, positions]: every group of channels of
// a sample is made to have mean 0 and variance 1 over its channels and positions, then
// y = f(scale[c] · x + bias[c]), where f is x > 0 ? x : slope[c] · x. Sums are kept in double.
struct GroupNormalization {
  int64_t samples = 0;
  int64_t channels = 0;
  int64_t positions = 0;
  int64_t groups = 0;  // a divisor of `channels`
  bool channels_last = false;
  bool scale_per_group = false;  // scale and bias are [groups] instead of [channels]
  float epsilon = 0;
};

// `slopes` may be null, and `scratch` has 2 · channels elements. In place when y is x.
void NormalizeGroups(const GroupNormalization& shape, float* y, const float* x, const float* scale,
                     const float* bias, const float* slopes, double* scratch);

// Layer normalization of rows of `size` elements: y = scale · (x − mean) · inverse_deviation +
// bias, with scale and bias of `size` elements; bias, mean and inverse_deviation (one for each row)
// may be null.
struct LayerNormalization {
  int64_t rows = 0;
  int64_t size = 0;
  float epsilon = 0;
};

void NormalizeLayer(const LayerNormalization& shape, float* y, const float* x, const float* scale,
                    const float* bias, float* mean, float* inverse_deviation);

}  // namespace rectifier::kernels
