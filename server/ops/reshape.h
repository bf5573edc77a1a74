#pragma once

#include "absl/status/status.h"
#include "server/ops/node_types.h"

namespace rectifier {

// Reshape(x, shape): the same elements in row-major order. `shape` is a constant of i64; at most
// one entry is −1 (what is left over); 0 copies x's dimension unless the attribute `allowzero`
// is 1.
absl::Status InferReshape(NodeTypes& types);

}  // namespace rectifier
