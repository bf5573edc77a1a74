#pragma once

#include "absl/status/statusor.h"
#include "server/ops/node_types.h"

namespace rectifier {

// BatchNormalization(x [N, C, …], scale, bias, mean, variance [C each]) at inference:
// (x − mean) / sqrt(variance + epsilon) · scale + bias, per channel.
struct BatchNormalizationAttributes {
  float epsilon = 1e-5F;

  static absl::StatusOr<BatchNormalizationAttributes> Read(const Node& node);
};

absl::Status InferBatchNormalization(NodeTypes& types);

}  // namespace rectifier
