#pragma once

#include "absl/status/status.h"
#include "server/ops/node_types.h"

namespace rectifier {

// GlobalAveragePool(x [N, C, spatial…]) → [N, C, 1…]: the average over all spatial dimensions, of
// which there are 1 to 3.
absl::Status InferGlobalAveragePool(NodeTypes& types);

}  // namespace rectifier
