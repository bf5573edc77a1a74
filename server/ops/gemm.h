#pragma once

#include "absl/status/statusor.h"
#include "server/ops/node_types.h"

namespace rectifier {

// Gemm(a, b, c?) = alpha · a' · b' + beta · c, on matrices; a' is a or its transpose, likewise b';
// c broadcasts into the result. Rectifiers may be fused as post-ops.
struct GemmAttributes {
  float alpha = 1;
  float beta = 1;
  bool transpose_a = false;
  bool transpose_b = false;

  static absl::StatusOr<GemmAttributes> Read(const Node& node);
};

absl::Status InferGemm(NodeTypes& types);

}  // namespace rectifier
