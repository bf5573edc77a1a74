#pragma once

#include "absl/status/statusor.h"
#include "server/ops/node_types.h"

namespace rectifier {

// Cast(x) to the element type that the attribute `to` names as graph text does ("i64"). f32, i64,
// i32, i8, u8 and bool are cast to each other: floats to integers by truncation, the nearest end
// for what does not fit, 0 for NaN. f16, bf16 and f64 are cast to and from f32 only, at the edges
// of the graph: what lies between is computed in f32.
struct CastAttributes {
  DType to = DType::kFloat32;

  static absl::StatusOr<CastAttributes> Read(const Node& node);
};

absl::Status InferCast(NodeTypes& types);

}  // namespace rectifier
