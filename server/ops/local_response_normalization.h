#pragma once

#include "absl/status/statusor.h"
#include "server/ops/node_types.h"

namespace rectifier {

// LRN(x [N, C, spatial…]) over `size` channels around each (an odd number): x / (bias + alpha /
// size · Σ x²)^beta.
struct LrnAttributes {
  int64_t size = 1;
  float alpha = 0.0001F;
  float beta = 0.75F;
  float bias = 1;

  static absl::StatusOr<LrnAttributes> Read(const Node& node);
};

absl::Status InferLrn(NodeTypes& types);

}  // namespace rectifier
