#pragma once

#include <string_view>

#include "server/import/keras/layer_call.h"

namespace rectifier {

// A layer that is a function of each element (or of one axis): it can also be the `activation` of
// another layer, whose settings and weights are then not its own.
struct ActivationLayer {
  std::string_view class_name;
  absl::StatusOr<ValueId> (*apply)(LayerCall& call, ValueId x, LayerConfig& config);
};

// Null for other classes.
const ActivationLayer* FindActivationLayer(std::string_view class_name);

}  // namespace rectifier
