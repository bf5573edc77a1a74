#pragma once

#include "absl/status/status.h"
#include "server/ops/node_types.h"

namespace rectifier {

// Flatten(x) → a matrix: the dimensions before the attribute `axis` (default 1; 0 to rank, negative
// from the end) as rows, the others as columns.
absl::Status InferFlatten(NodeTypes& types);

}  // namespace rectifier
