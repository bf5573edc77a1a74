#pragma once

#include "absl/status/status.h"
#include "server/ops/node_types.h"

namespace rectifier {

// Identity: the result is the input, of any element type.
absl::Status InferIdentity(NodeTypes& types);

// Sigmoid, Tanh: one f32 input, a result of its shape.
absl::Status InferUnary(NodeTypes& types);

// Add, Mul: two f32 inputs that broadcast against each other (NumPy's rules).
absl::Status InferBinary(NodeTypes& types);

}  // namespace rectifier
