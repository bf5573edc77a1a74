#pragma once

#include "absl/status/status.h"
#include "server/ops/node_types.h"

namespace rectifier {

// Expand(x, shape): x broadcast against a tensor of this shape (NumPy's rules, so a dimension of
// the shape may be 1 where x's is larger). x is of any type.
absl::Status InferExpand(NodeTypes& types);

// Tile(x, repeats): x repeated along each dimension.
absl::Status InferTile(NodeTypes& types);

}  // namespace rectifier
