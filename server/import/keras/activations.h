#pragma once

#include <string_view>

#include "server/import/keras/layer_call.h"

namespace rectifier {

// keras.activations.relu and the layer ReLU:
//
//   x >= max_value → max_value;  x > threshold → x;  else slope · (x − threshold)
//
// (at the threshold itself 0). `max_value` may be absent.
struct ReluSettings {
  float negative_slope = 0;
  float threshold = 0;
  std::optional<float> max_value = std::nullopt;
  std::string_view origin;  // of the slope, in the words of ops/rectifier.h
};
absl::StatusOr<ValueId> ApplyRelu(LayerCall& call, ValueId x, const ReluSettings& settings);

// A function of keras.activations by its name, with its defaults: "leaky_relu" has the slope 0.2.
// UNIMPLEMENTED for others.
absl::StatusOr<ValueId> ApplyActivation(LayerCall& call, ValueId x, std::string_view name);

// The setting `activation` of a layer: a name, a layer that stands for a function, or nothing.
absl::StatusOr<ValueId> ApplyActivationSetting(LayerCall& call, ValueId x);

// The weights of the layer that the setting `activation` may be.
std::vector<WeightSpec> ActivationWeights(LayerConfig& config);

}  // namespace rectifier
