#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "server/core/dtype.h"
#include "server/engine/kernels/loop_nest.h"

namespace rectifier::kernels {

// A reduction of a tensor over some of its dimensions, into a dense row-major result.
//
// Sums of floats are kept in double. The order in which elements are added depends on the reduced
// dimensions alone, so that a sample's result does not depend on its batch.
struct Reduction {
  std::vector<int64_t> kept;     // sizes of the dimensions that stay
  Strides kept_strides;          // of x
  std::vector<int64_t> reduced;  // sizes of the others
  Strides reduced_strides;       // of x
};

using ReduceFunction = void (*)(const Reduction& reduction, std::byte* y, const std::byte* x);

// ONNX's ReduceSum, ReduceMean, ReduceMax, …; null when there is none for this type. Integers wrap
// around, and are 0 where the result would be no number.
ReduceFunction FindReduction(std::string_view op, DType type);

// The position of the largest (or smallest) element along one dimension of `count` elements; of
// equal ones the first, or the last. NaN counts as both.
struct ArgReduction {
  std::vector<int64_t> kept;
  Strides kept_strides;
  int64_t count = 0;
  int64_t stride = 0;
  bool largest = true;
  bool last = false;
};

using ArgReduceFunction = void (*)(const ArgReduction& reduction, std::byte* y, const std::byte* x);

// Null when there is none for this type. y is of i64.
ArgReduceFunction FindArgReduction(DType type);

}  // namespace rectifier::kernels
