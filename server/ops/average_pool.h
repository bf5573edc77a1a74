#pragma once

#include "absl/status/statusor.h"
#include "server/ops/node_types.h"
#include "server/ops/window.h"

namespace rectifier {

// AveragePool(x [N, C, spatial…]) over 1 to 3 spatial dimensions. A window is divided by the number
// of its elements inside the input, or, with `count_include_pad`, inside the input and the padding.
struct AveragePoolAttributes {
  WindowAttributes window;
  bool count_include_pad = false;

  static absl::StatusOr<AveragePoolAttributes> Read(const Node& node);
};

absl::Status InferAveragePool(NodeTypes& types);

}  // namespace rectifier
