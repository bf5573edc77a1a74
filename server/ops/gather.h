#pragma once

#include "absl/status/statusor.h"
#include "server/ops/node_types.h"

namespace rectifier {

// Gather(x, indices) along `axis` (default 0): y[…, indices…, …] = x[…, index, …]. x is of any
// type, indices are i64 or i32 and count from the end below 0; one that lies outside is refused in
// a constant and gives zeros when it is computed.
struct GatherAttributes {
  int axis = 0;

  static absl::StatusOr<GatherAttributes> Read(const Node& node, int rank);
};

absl::Status InferGather(NodeTypes& types);

}  // namespace rectifier
