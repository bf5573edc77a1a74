#pragma once

#include "absl/status/statusor.h"
#include "server/ops/node_types.h"

namespace rectifier {

// DepthToSpace(x [N, C, H, W]) → [N, C/b², H·b, W·b] and SpaceToDepth, its inverse, with
// b = `blocksize`. Channel c of DepthToSpace goes to column c / (C/b²) of a block for mode "DCR",
// to channel c / b² for "CRD" (PyTorch's pixel shuffle); SpaceToDepth is DCR's inverse.
struct BlockAttributes {
  int64_t block = 1;
  bool channels_first = false;  // CRD

  static absl::StatusOr<BlockAttributes> Read(const Node& node);
};

absl::Status InferDepthToSpace(NodeTypes& types);
absl::Status InferSpaceToDepth(NodeTypes& types);

}  // namespace rectifier
