#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "server/core/shape.h"

namespace rectifier {

// The shape of an elementwise operation on `a` and `b` by NumPy's rules (ONNX "multidirectional
// broadcasting"). INVALID_ARGUMENT names `place` and both shapes.
absl::StatusOr<Shape> BroadcastShapes(std::string_view place, const Shape& a, const Shape& b);

// True when `from` broadcasts into `into` without enlarging it ("unidirectional broadcasting").
// A dynamic dimension may turn out to fit, and is looked at again when it is bound.
bool BroadcastsInto(const Shape& from, const Shape& into);

// `shape` with 1s put before it up to `rank` dimensions.
Shape PadRank(const Shape& shape, int rank);

}  // namespace rectifier
