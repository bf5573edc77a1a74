#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "server/ops/node_types.h"

namespace rectifier {

// Transpose(x): output dimension i is input dimension perm[i]; by default the order is reversed.
struct TransposeAttributes {
  std::vector<int64_t> perm;  // a permutation of 0 … rank − 1

  static absl::StatusOr<TransposeAttributes> Read(const Node& node, int rank);
};

absl::Status InferTranspose(NodeTypes& types);

}  // namespace rectifier
