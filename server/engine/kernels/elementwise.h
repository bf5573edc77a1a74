#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/core/dtype.h"

namespace rectifier::kernels {

// A row of an elementwise operation: its result and up to three operands.
struct ElementwiseRow {
  std::byte* result = nullptr;
  std::array<const std::byte*, 3> operands{};
  int64_t count = 0;
  int64_t result_step = 1;                 // in elements, like the others
  std::array<int64_t, 3> operand_steps{};  // 0: the operand is one number
};

// What the operation's attributes say, in the order of ops/elementwise.h.
struct ElementwiseParameters {
  float alpha = 0;
  float beta = 0;
};

using ElementwiseFunction = void (*)(const ElementwiseRow& row,
                                     const ElementwiseParameters& parameters);

// The operation `op` of ONNX on operands of this type (the second one's for Where), or null when
// there is none. What it computes of integers wraps around; a division by 0 gives 0.
ElementwiseFunction FindElementwise(std::string_view op, DType type);

// Cast from one element type to another. Floats become integers by truncation, the nearest end for
// what does not fit, 0 for NaN; everything but 0 is true. Null when there is none.
ElementwiseFunction FindCast(DType from, DType to);

}  // namespace rectifier::kernels
