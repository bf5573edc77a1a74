#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "server/ops/node_types.h"

namespace rectifier {

// Inputs that say what to do rather than what to do it with: shapes, axes, starts, sizes. They are
// lists of i64 (or i32), and constants by the time that a graph is compiled: what is computed from
// shapes is folded once the shapes are known.

// The elements of the constant that input `i` of `node` is. UNIMPLEMENTED when it is computed,
// INVALID_ARGUMENT when it is no list of integers.
absl::StatusOr<std::vector<int64_t>> ConstantIntegers(const Graph& graph, const Node& node, int i);

// How many elements the list of integers at input `i` has. UNIMPLEMENTED when that is not known,
// INVALID_ARGUMENT when it is no list of integers.
absl::StatusOr<int64_t> IntegerCount(const NodeTypes& types, int i);

// A shape of `rank` dynamic dimensions: of a result that depends on a list which is not known yet.
Shape UnknownShape(int rank);

}  // namespace rectifier
