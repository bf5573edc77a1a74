#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "server/ops/node_types.h"

namespace rectifier {

// ReduceSum(x, axes?) and its like (L1, L2, LogSum, LogSumExp, Max, Mean, Min, Prod, SumSquare) of
// f32, i64 or i32. `axes` is a list of i64, all dimensions by default; `keepdims` (default 1)
// leaves them as 1. With `noop_with_empty_axes` no axes mean that nothing is reduced.
struct ReduceArguments {
  std::vector<bool> reduced;  // of each dimension
  bool keep_dims = true;
};

// Of a node whose first input has rank `rank`. UNIMPLEMENTED when the axes are not a constant.
absl::StatusOr<ReduceArguments> ReadReduce(const Graph& graph, const Node& node, int rank);

absl::Status InferReduce(NodeTypes& types);

// ArgMax and ArgMin of f32, i64 or i32 along `axis` (default 0), with `keepdims` (1) and
// `select_last_index` (0): of equal elements the first, or the last.
struct ArgReduceAttributes {
  int axis = 0;
  bool keep_dims = true;
  bool last = false;

  static absl::StatusOr<ArgReduceAttributes> Read(const Node& node, int rank);
};

absl::Status InferArgReduce(NodeTypes& types);

}  // namespace rectifier
