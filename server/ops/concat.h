#pragma once

#include "absl/status/statusor.h"
#include "server/ops/node_types.h"

namespace rectifier {

// Concat(x0, x1, …) along the attribute `axis`, which is required; all other dimensions are equal.
struct ConcatAttributes {
  int axis = 0;  // counted from the front

  static absl::StatusOr<ConcatAttributes> Read(const Node& node, int rank);
};

absl::Status InferConcat(NodeTypes& types);

}  // namespace rectifier
