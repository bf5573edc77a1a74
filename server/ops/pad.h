#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/ops/node_types.h"

namespace rectifier {

// Pad(x, pads, value?): x, of any type, with elements added at the beginning and the end of each
// dimension. `pads` is a list of i64, the beginnings of all dimensions, then the ends; negative
// ones cut. What is added is `value` (a scalar of x's type, 0 by default) in mode "constant", and
// otherwise x itself: its outermost elements ("edge"), mirrored without them ("reflect"), or from
// its other end ("wrap").
struct PadArguments {
  std::vector<int64_t> begin;
  std::vector<int64_t> end;
  std::string mode = "constant";
};

// The arguments of a Pad node of `graph` whose first input has rank `rank`. UNIMPLEMENTED when the
// pads are not constant.
absl::StatusOr<PadArguments> ReadPad(const Graph& graph, const Node& node, int rank);

absl::Status InferPad(NodeTypes& types);

}  // namespace rectifier
