#pragma once

#include "absl/status/status.h"
#include "server/ops/node_types.h"

namespace rectifier {

// MatMul(a, b): NumPy's matmul. The last two dimensions are multiplied, the others broadcast; a 1-D
// operand gets a dimension that is taken away again. Rectifiers may be fused as post-ops.
absl::Status InferMatMul(NodeTypes& types);

}  // namespace rectifier
