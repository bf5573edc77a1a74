#pragma once

#include "absl/status/statusor.h"
#include "server/ops/node_types.h"

namespace rectifier {

// GroupNormalization(x [N, C, spatial…], scale, bias) with `num_groups` groups of channels, and
// InstanceNormalization, where every channel is a group: mean 0 and variance 1 over the channels
// and positions of a group, then times scale plus bias, [C] each; those of a GroupNormalization may
// be [num_groups] (opset 18).
struct GroupNormalizationAttributes {
  int64_t groups = 0;  // 0: one for each channel
  float epsilon = 1e-5F;

  static absl::StatusOr<GroupNormalizationAttributes> Read(const Node& node);
};

absl::Status InferGroupNormalization(NodeTypes& types);

// LayerNormalization(x, scale, bias?) over the dimensions from `axis` (default −1) on. scale and
// bias broadcast into these dimensions. The second and third output, both optional, are the mean
// and 1 / √(variance + epsilon), with 1 for each dimension from `axis` on.
struct LayerNormalizationAttributes {
  int axis = 0;
  float epsilon = 1e-5F;

  static absl::StatusOr<LayerNormalizationAttributes> Read(const Node& node, int rank);
};

absl::Status InferLayerNormalization(NodeTypes& types);

}  // namespace rectifier
