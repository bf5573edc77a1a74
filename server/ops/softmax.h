#pragma once

#include "absl/status/statusor.h"
#include "server/ops/node_types.h"

namespace rectifier {

// Softmax(x) over one axis, and LogSoftmax, its logarithm. With `flatten` (ONNX before opset 13)
// over all dimensions from `axis` on at once.
struct SoftmaxAttributes {
  int64_t axis = -1;
  bool flatten = false;

  static absl::StatusOr<SoftmaxAttributes> Read(const Node& node);
};

absl::Status InferSoftmax(NodeTypes& types);

}  // namespace rectifier
