#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "server/ops/node_types.h"

namespace rectifier {

// Slice(x, starts, ends, axes?, steps?): x[start:end:step] along each of the axes (default: the
// first ones), as NumPy reads it, but that a start before the dimension is its first element for
// negative steps too. The lists are i64 or i32; steps may be negative, not 0.
struct SliceRange {
  int64_t start = 0;
  int64_t step = 1;
  int64_t count = 0;
};

// One range for each dimension of x, whose shape is `x`. UNIMPLEMENTED when a list is not constant.
absl::StatusOr<std::vector<SliceRange>> ReadSlice(const Graph& graph, const Node& node,
                                                  const Shape& x);

absl::Status InferSlice(NodeTypes& types);

// Split(x, sizes?): x in parts along `axis` (default 0), one for each output: of these sizes, or of
// equal ones, where the last may be smaller. Returns the sizes for a dimension of `dim`; dynamic
// where that is.
absl::StatusOr<std::vector<int64_t>> ReadSplit(const Graph& graph, const Node& node, int64_t dim);
absl::StatusOr<int> SplitAxis(const Node& node, int rank);

absl::Status InferSplit(NodeTypes& types);

}  // namespace rectifier
