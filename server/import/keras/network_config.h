#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "server/import/keras/json.h"
#include "server/import/limits.h"

namespace rectifier {

// The result of a layer's call: `tensor` of what the call with the number `node` returned.
struct TensorReference {
  std::string layer;
  int64_t node = 0;
  int64_t tensor = 0;
};

// What a layer is called with: a tensor, a value that stands in the file, or a list.
struct Argument {
  std::variant<TensorReference, const Json*, std::vector<Argument>> value;
};

// Appends the tensors of an argument, in their order.
void CollectReferences(const Argument& argument, std::vector<TensorReference>& into);

// One use of a layer.
struct CallConfig {
  std::vector<Argument> arguments;
  std::map<std::string, Argument, std::less<>> keywords;
};

void CollectReferences(const CallConfig& call, std::vector<TensorReference>& into);

struct NetworkConfig;

// A layer, or an operation of keras.ops or of TensorFlow that was applied to a tensor.
struct LayerDescription {
  std::string name;
  std::string path;  // with the names of the networks that it is in: "encoder/conv2d"
  std::string class_name;
  bool is_operation = false;
  const Json* config = nullptr;
  std::vector<CallConfig> calls;
  int64_t first_node = 0;                  // the number that references have for the first call
  std::unique_ptr<NetworkConfig> network;  // of a layer that is a network itself

  std::string place() const { return path + " (" + class_name + ")"; }
};

// The network of a file's JSON, in one form for Sequential and Functional and for what Keras 2 and
// Keras 3 write. Its parts point into the JSON, which outlives it.
struct NetworkConfig {
  std::string name;
  bool trainable = true;
  std::vector<LayerDescription> layers;  // in the order in which weights are saved
  std::vector<TensorReference> inputs;
  std::vector<TensorReference> outputs;
  // The settings of an InputLayer that the file leaves out: Sequential need not have one.
  std::optional<Json> added_input;
  std::map<std::string, size_t, std::less<>> by_name;  // of the layers
  int64_t steps = 0;  // layers, their calls, what these read, and outputs: the work of one run

  const LayerDescription* FindLayer(std::string_view layer) const;  // null when there is none
};

// Reads {"class_name": "Functional", "config": {…}}. Errors name the layer where there is one and
// begin with `place` otherwise: INVALID_ARGUMENT, UNIMPLEMENTED for classes that are not networks,
// RESOURCE_EXHAUSTED above limits.max_nodes layers or calls.
absl::StatusOr<std::unique_ptr<NetworkConfig>> ReadNetworkConfig(std::string_view place,
                                                                 const Json& json,
                                                                 const ImportLimits& limits);

// True for a serialized object of a class or function that is not Keras's own.
bool IsCustom(const Json& json);

// True for the classes that are networks: Sequential, Functional, Model.
bool IsNetworkClass(std::string_view class_name);

}  // namespace rectifier
