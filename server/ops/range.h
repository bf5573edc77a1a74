#pragma once

#include "absl/status/statusor.h"
#include "server/ops/node_types.h"

namespace rectifier {

// Range(start, limit, delta): start, start + delta, … before limit, of f32, i64 or i32 scalars.
absl::Status InferRange(NodeTypes& types);

// NonZero(x): the coordinates of the elements of a constant that are not 0, as i64 [rank, how
// many].
absl::Status InferNonZero(NodeTypes& types);

// The value of either when its inputs are constants, which InferRange() or InferNonZero() accepted.
Tensor RangeTensor(const Tensor& start, const Tensor& limit, const Tensor& delta);
Tensor NonZeroTensor(const Tensor& x);

}  // namespace rectifier
