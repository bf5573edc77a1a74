#pragma once

#include "absl/status/statusor.h"
#include "server/ops/node_types.h"
#include "server/ops/window.h"

namespace rectifier {

// Conv(x [N, C, spatial…], w [M, C/group, kernel…], bias? [M]) → [N, M, output…]: 1 to 3 spatial
// dimensions. Rectifiers may be fused as post-ops.
struct ConvAttributes {
  WindowAttributes window;
  int64_t group = 1;

  static absl::StatusOr<ConvAttributes> Read(const Node& node);
};

absl::Status InferConv(NodeTypes& types);

// The window of a Conv over an input of shape `x` with weights of shape `w`.
absl::StatusOr<Window> ConvWindow(std::string_view place, const ConvAttributes& attributes,
                                  const Shape& x, const Shape& w);

}  // namespace rectifier
