#pragma once

#include "server/import/keras/layer_call.h"

namespace rectifier {

// The input of a layer that works on pixels, samples or voxels, with the channels where the graph's
// operators have them: [N, C, spatial…].
struct SpatialInput {
  ValueId x = kNoValue;
  Shape shape;                // of x
  int64_t channels = 0;       // known
  bool channels_last = true;  // in the layer's own input, and so in its result
  size_t axes = 0;            // that are spatial
};

// The layer's one input, of `axes` + 2 dimensions; its setting data_format says where channels are.
absl::StatusOr<SpatialInput> ReadSpatialInput(LayerCall& call, size_t axes);

// `y`, [N, C, spatial…], in the layer's own order.
absl::StatusOr<ValueId> InOrderOf(const SpatialInput& input, LayerCall& call, ValueId y);

// Where a window is put: the setting `padding`, "valid", "same" or "causal", as attributes of Conv
// or of pooling. With "same" the output has ceil(size / stride) elements, and what cannot be
// divided is padded at the end.
absl::StatusOr<Attributes> PaddingAttributes(LayerCall& call, const SpatialInput& input,
                                             const std::vector<int64_t>& kernel,
                                             const std::vector<int64_t>& strides,
                                             const std::vector<int64_t>& dilations);

// Adds a list unless all its values are `otherwise`.
void PutList(Attributes& attributes, std::string_view name, std::vector<int64_t> values,
             int64_t otherwise);

}  // namespace rectifier
