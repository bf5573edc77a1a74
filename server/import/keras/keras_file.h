#pragma once

#include <string>
#include <vector>

#include "server/core/tensor.h"

namespace rectifier {

// How a network and its weights are stored.
enum class KerasFormat {
  kKeras,  // .keras: a zip of config.json, metadata.json and model.weights.h5
  kHdf5,   // .h5: a whole model, JSON in the root's attributes, weights in the group model_weights
};

struct KerasWeight {
  std::string name;  // .keras: "0", "1", …; .h5: as weight_names has it, "conv2d/kernel:0"
  Tensor tensor;     // f32 (of float16, bfloat16, float32, float64) or i64 (of integers and bool)
};

// The weights of one layer, in the file's order.
struct KerasWeightGroup {
  // .keras: where the layer's `vars` are, "layers/functional/layers/conv2d". .h5: the layer's name.
  std::string path;
  std::vector<KerasWeight> weights;  // not empty
};

// What a Keras file holds, in a flat form: all that is known of the containers around it. The
// JSON is text that nobody has looked at yet, and the weights are only known to be as large as
// they say.
struct KerasFile {
  KerasFormat format = KerasFormat::kKeras;
  std::string config;         // JSON: {"class_name": …, "config": …}
  std::string keras_version;  // "3.15.1"; empty when the file has none
  std::string backend;        // "tensorflow", "theano", …; empty when the file has none
  std::vector<KerasWeightGroup> groups;
};

}  // namespace rectifier
