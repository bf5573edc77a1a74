#pragma once

#include "absl/status/statusor.h"
#include "server/core/tensor.h"
#include "server/import/onnx/proto_fwd.h"

namespace rectifier {

// The type of a graph input; a dimension that is named, missing or negative is dynamic.
// INVALID_ARGUMENT or UNIMPLEMENTED, beginning with the input's name, when it is not a tensor of
// known rank, at most `max_rank`, or is too large to be counted.
absl::StatusOr<TensorType> ReadInputType(const onnx::ValueInfoProto& input, int max_rank);

}  // namespace rectifier
