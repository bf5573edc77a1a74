#pragma once

#include <string_view>
#include <vector>

#include "server/import/keras/layer_call.h"

namespace rectifier {

// Operations that move elements and change none, by the names that keras.ops has for them.
absl::StatusOr<ValueId> ConvertConcatenateOperation(LayerCall& call, std::string_view op);
absl::StatusOr<ValueId> ConvertExpandDims(LayerCall& call, std::string_view op);
absl::StatusOr<ValueId> ConvertFlip(LayerCall& call, std::string_view op);
absl::StatusOr<ValueId> ConvertGetItem(LayerCall& call, std::string_view op);  // x[1:, ..., None]
absl::StatusOr<ValueId> ConvertMoveAxis(LayerCall& call, std::string_view op);
absl::StatusOr<ValueId> ConvertPad(LayerCall& call, std::string_view op);
absl::StatusOr<ValueId> ConvertRepeat(LayerCall& call, std::string_view op);
absl::StatusOr<ValueId> ConvertReshapeOperation(LayerCall& call, std::string_view op);
absl::StatusOr<ValueId> ConvertRoll(LayerCall& call, std::string_view op);
absl::StatusOr<ValueId> ConvertSqueeze(LayerCall& call, std::string_view op);
absl::StatusOr<ValueId> ConvertStack(LayerCall& call, std::string_view op);
absl::StatusOr<ValueId> ConvertSwapAxes(LayerCall& call, std::string_view op);
absl::StatusOr<ValueId> ConvertTile(LayerCall& call, std::string_view op);
absl::StatusOr<ValueId> ConvertTranspose(LayerCall& call, std::string_view op);

// The one that has several results.
absl::StatusOr<std::vector<ValueId>> ConvertSplit(LayerCall& call);

}  // namespace rectifier
