#pragma once

#include <cstdint>

#include "server/core/tensor.h"

namespace rectifier {

// How far a tensor is from what it should be.
struct TensorDifference {
  double largest = 0;        // of the absolute differences
  int64_t beyond = 0;        // elements that differ by more than atol + rtol · |wanted|
  int64_t first_beyond = 0;  // the first of them, and its values
  double got = 0;
  double want = 0;
};

// Of two tensors of the same type (checked). NaN is equal to NaN, and an infinity to itself only.
TensorDifference CompareTensors(const TensorView& got, const TensorView& want, double rtol,
                                double atol);

}  // namespace rectifier
