#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "server/ops/node_types.h"

namespace rectifier {

// Shape(x): the dimensions from `start` (default 0) to before `end` (default all) as a list of i64;
// both may count from the end. Size(x): the number of elements, an i64 scalar. x is of any type.

// Their value when x has no dynamic dimension among those that are asked for, else nullopt.
absl::StatusOr<std::optional<Tensor>> ShapeTensor(const Node& node, const Shape& x);

absl::Status InferShape(NodeTypes& types);
absl::Status InferSize(NodeTypes& types);

}  // namespace rectifier
