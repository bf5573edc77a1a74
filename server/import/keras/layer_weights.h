#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/import/keras/keras_file.h"
#include "server/import/keras/network_config.h"

namespace rectifier {

// A weight that a layer has, in the order in which its class creates them.
struct WeightSpec {
  std::string_view name;  // "kernel"
  bool trainable = true;
  bool optional = false;    // files of some versions have it
  bool activation = false;  // of the layer that is this layer's activation
};

struct LayerWeight {
  std::string_view name;
  std::shared_ptr<const Tensor> tensor;
};

using LayerWeights = std::vector<LayerWeight>;

// The weights of every layer of a network, by the layer's description.
//
// A .keras file has them at paths that follow from the classes of the layers before; an .h5 file by
// the names of the layers of the outermost network, and those of a network within it in one list:
// first what was trained, then the rest.
class WeightTable {
 public:
  // Takes the tensors out of `file`. INVALID_ARGUMENT names the layer that has more or fewer
  // weights than its class and settings say.
  static absl::StatusOr<WeightTable> Bind(const NetworkConfig& network, KerasFile file);

  const LayerWeights& of(const LayerDescription& layer) const;

 private:
  std::map<const LayerDescription*, LayerWeights> weights_;
};

// "BatchNormalization" → "batch_normalization", "PReLU" → "p_re_lu": how .keras files name layers.
std::string SnakeCase(std::string_view class_name);

}  // namespace rectifier
