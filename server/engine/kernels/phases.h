#pragma once

#include <cstdint>

namespace rectifier::kernels {

// An image whose blocks of stride_h · stride_w positions lie in the channels of one position, and
// the part of it that is wanted:
//
//   y[n, i, j, m] = z[n, a / stride_h, b / stride_w, a mod stride_h, b mod stride_w, m]
//
// with a = i + crop_h and b = j + crop_w. Both are channels-last: z is [samples, rows, columns,
// stride_h, stride_w, channels] and y [samples, height, width, channels].
struct PhaseGather {
  int64_t samples = 0;
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t stride_h = 1;
  int64_t stride_w = 1;
  int64_t channels = 0;
  int64_t crop_h = 0;  // below stride_h
  int64_t crop_w = 0;  // below stride_w
  int64_t height = 0;  // at most stride_h · rows − crop_h
  int64_t width = 0;   // at most stride_w · columns − crop_w
};

void GatherPhases(const PhaseGather& shape, float* y, const float* z);

}  // namespace rectifier::kernels
