#pragma once

#include "absl/status/statusor.h"
#include "server/ops/node_types.h"
#include "server/ops/window.h"

namespace rectifier {

// MaxPool(x [N, C, spatial…]) over 1 to 3 spatial dimensions; `kernel_shape` is required. The
// second output of ONNX (indices) is not supported.
struct MaxPoolAttributes {
  WindowAttributes window;

  static absl::StatusOr<MaxPoolAttributes> Read(const Node& node);
};

absl::Status InferMaxPool(NodeTypes& types);

// Checks the input of a pooling with `window` and sets its output: for MaxPool and AveragePool.
absl::Status InferPooling(NodeTypes& types, const WindowAttributes& window);

}  // namespace rectifier
