#pragma once

#include "absl/status/statusor.h"
#include "server/ops/node_types.h"
#include "server/ops/window.h"

namespace rectifier {

// LpPool(x [N, C, spatial…]): (Σ |x|^p)^(1/p) over every window; p = 2 by default.
struct LpPoolAttributes {
  WindowAttributes window;
  int64_t p = 2;

  static absl::StatusOr<LpPoolAttributes> Read(const Node& node);
};

absl::Status InferLpPool(NodeTypes& types);

}  // namespace rectifier
