#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "server/ops/node_types.h"

namespace rectifier {

// Pad(x, pads, value?) in mode "constant": `pads` is a constant of i64, the beginnings of all
// dimensions, then the ends; negative ones cut. `value` is a constant f32 scalar, 0 by default.
struct PadArguments {
  std::vector<int64_t> begin;
  std::vector<int64_t> end;
  float value = 0;
};

// The arguments of a Pad node of `graph` whose first input has rank `rank`.
absl::StatusOr<PadArguments> ReadPad(const Graph& graph, const Node& node, int rank);

absl::Status InferPad(NodeTypes& types);

}  // namespace rectifier
