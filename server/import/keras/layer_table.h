#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/import/keras/layer_call.h"
#include "server/import/keras/layer_weights.h"

namespace rectifier {

// A class of Keras's layers: what a call of one becomes, and what weights it has.
struct KerasLayer {
  std::string_view class_name;
  absl::StatusOr<ValueId> (*convert)(LayerCall& call);
  std::vector<WeightSpec> (*weights)(LayerConfig& config);
  // Does something else while it is trained: `training=True` in a call asks for that.
  bool trains = false;
};

// Every class that is understood; one that is not there is refused, never run.
std::span<const KerasLayer> KerasLayers();

// Null when the class is not supported.
const KerasLayer* FindKerasLayer(std::string_view class_name);

// Why a class that is not in the table is refused: a reason for those that people ask for.
std::string_view WhyRefused(std::string_view class_name);

}  // namespace rectifier
