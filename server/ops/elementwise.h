#pragma once

#include "absl/status/statusor.h"
#include "server/ops/node_types.h"

namespace rectifier {

// Operators that compute every element of their result from one element of each operand. Operands
// of those with several broadcast against each other (NumPy's rules) and have one type.
//
// Numbers are f32, i64, i32, i8 and u8. Integers wrap around; dividing by 0 gives 0.

// The attributes of an elementwise operator as two numbers, with ONNX's defaults:
//
//   Celu, Elu, ThresholdedRelu   alpha
//   HardSigmoid                  alpha, beta
//   Selu                         alpha, gamma
//   Mod                          fmod (0 or 1)
//   Gelu                         1 for approximate = "tanh"
struct ElementwiseAttributes {
  float alpha = 0;
  float beta = 0;

  static absl::StatusOr<ElementwiseAttributes> Read(const Node& node);
};

// Identity: the result is the input, of any element type.
absl::Status InferIdentity(NodeTypes& types);

// Sigmoid, Exp, Elu, …: f32 in and out.
absl::Status InferFloatUnary(NodeTypes& types);

// Abs, Neg, Sign: a number in, one of its type out.
absl::Status InferNumericUnary(NodeTypes& types);

// Not: bool in and out.
absl::Status InferNot(NodeTypes& types);

// Add, Sub, Mul, Div, Mod, Pow, Max, Min: two numbers of one type, and one of it.
absl::Status InferNumericBinary(NodeTypes& types);

// Equal, Greater, …: two numbers or bools of one type; bool out.
absl::Status InferComparison(NodeTypes& types);

// And, Or, Xor: bool in and out.
absl::Status InferLogical(NodeTypes& types);

// Where(condition, a, b): bool, and two of one type; condition ? a : b.
absl::Status InferWhere(NodeTypes& types);

// Clip(x, min?, max?): numbers of one type; min and max are scalars. max wins where it is below
// min. NaN stays.
absl::Status InferClip(NodeTypes& types);

}  // namespace rectifier
