#pragma once

#include "absl/status/status.h"
#include "server/ops/node_types.h"

namespace rectifier {

// Squeeze(x, axes?) takes dimensions of 1 out: those that the list `axes` names, or all of them.
// Unsqueeze(x, axes) puts dimensions of 1 in, at these places of the result. x is of any type.
absl::Status InferSqueeze(NodeTypes& types);
absl::Status InferUnsqueeze(NodeTypes& types);

}  // namespace rectifier
