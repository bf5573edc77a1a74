#include "server/import/keras/network_config.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "server/core/printable.h"
#include "server/core/status.h"
#include "server/import/names.h"

namespace rectifier {
namespace {

std::string StringMember(const Json& json, std::string_view name) {
  const Json* found = FindMember(json, name);
  return found != nullptr && found->is_string() ? found->get<std::string>() : "";
}

bool IsInteger(const Json& json) { return json.is_number_integer(); }

// ["conv2d", 0, 0], with the keywords of the call behind it where Keras 2 writes a call.
bool IsReference(const Json& json) {
  return json.is_array() && (json.size() == 3 || json.size() == 4) && json[0].is_string() &&
         IsInteger(json[1]) && (json.size() == 3 || json[3].is_object());
}

// What Keras 2 writes where a call's first argument is no tensor.
constexpr std::string_view kConstantMark = "_CONSTANT_VALUE";

Argument ReadReference(const Json& json) {
  if (json[0] == kConstantMark) return {&json[2]};
  const int64_t tensor = IsInteger(json[2]) ? json[2].get<int64_t>() : -1;
  return {TensorReference{json[0].get<std::string>(), json[1].get<int64_t>(), tensor}};
}

// Recursions here go as deep as the JSON, which is kMaxJsonDepth.
template <typename Read>
Argument ReadList(const Json& json, const Read& read) {
  std::vector<Argument> list;
  for (const Json& item : json) list.push_back(read(item));
  return {std::move(list)};
}

// {"class_name": "__keras_tensor__", "config": {"keras_history": ["conv2d", 0, 0]}}, a list or
// dictionary of such, or anything else.
Argument ReadKeras3Argument(const Json& json) {
  const std::string class_name = StringMember(json, "class_name");
  const Json* config = FindMember(json, "config");
  if (class_name == "__keras_tensor__" && config != nullptr) {
    const Json* history = FindMember(*config, "keras_history");
    if (history != nullptr && IsReference(*history)) return ReadReference(*history);
  }
  if (!json.is_structured() || !class_name.empty()) return {&json};
  Argument list = ReadList(json, ReadKeras3Argument);
  // Lists of numbers say how, like a number alone.
  std::vector<TensorReference> references;
  CollectReferences(list, references);
  if (references.empty()) return {&json};
  return list;
}

CallConfig ReadKeras3Call(const Json& json) {
  CallConfig call;
  if (const Json* arguments = FindMember(json, "args"); arguments && arguments->is_array()) {
    for (const Json& argument : *arguments) call.arguments.push_back(ReadKeras3Argument(argument));
  }
  if (const Json* keywords = FindMember(json, "kwargs"); keywords && keywords->is_object()) {
    for (const auto& [name, value] : keywords->items()) {
      if (!value.is_null()) call.keywords.emplace(name, ReadKeras3Argument(value));
    }
  }
  return call;
}

// A reference, or a list or dictionary of such, in which keywords of the call may stand.
Argument ReadKeras2Argument(const Json& json, CallConfig& call) {
  if (!IsReference(json)) {
    if (!json.is_structured()) return {&json};
    return ReadList(json, [&call](const Json& item) { return ReadKeras2Argument(item, call); });
  }
  if (json.size() == 4) {
    for (const auto& [name, value] : json[3].items()) {
      if (value.is_null()) continue;
      call.keywords.emplace(name, IsReference(value) ? ReadReference(value) : Argument{&value});
    }
  }
  return ReadReference(json);
}

bool IsKeras3Call(const Json& json) {
  return json.is_object() && FindMember(json, "args") != nullptr;
}

bool HasKeras3Calls(const Json& layers) {
  return std::any_of(layers.begin(), layers.end(), [](const Json& layer) {
    const Json* calls = FindMember(layer, "inbound_nodes");
    return calls != nullptr && calls->is_array() && !calls->empty() && IsKeras3Call(calls->front());
  });
}

CallConfig ReadCall(const Json& json) {
  if (IsKeras3Call(json)) return ReadKeras3Call(json);
  CallConfig call;
  Argument argument = ReadKeras2Argument(json, call);
  // A call with one tensor is a list of one.
  auto* list = std::get_if<std::vector<Argument>>(&argument.value);
  if (list != nullptr && list->size() == 1) {
    Argument only = std::move(list->front());
    argument = std::move(only);
  }
  call.arguments.push_back(std::move(argument));
  return call;
}

bool IsOfKeras(std::string_view module) {
  return module == "builtins" || module == "keras" || module.starts_with("keras.") ||
         module == "tf_keras" || module.starts_with("tf_keras.") ||
         module.starts_with("tensorflow.");
}

class NetworkConfigReader {
 public:
  NetworkConfigReader(std::string_view place, const ImportLimits& limits)
      : place_(place), limits_(limits) {}

  // `prefix` is put before the names of its layers: "encoder/".
  absl::StatusOr<std::unique_ptr<NetworkConfig>> Read(const Json& json, const std::string& prefix) {
    const std::string class_name = StringMember(json, "class_name");
    const Json* config = FindMember(json, "config");
    if (class_name.empty() || config == nullptr) {
      return InvalidArgument(place_, "its JSON is no network: expected class_name and config");
    }
    if (!IsNetworkClass(class_name)) {
      return Unimplemented(place_,
                           "the class {} is not supported (Sequential and Functional are; of a "
                           "subclass that was built from layers save keras.Model(model.inputs, "
                           "model.outputs))",
                           Printable(class_name));
    }
    auto network = std::make_unique<NetworkConfig>();
    network->name = StringMember(*config, "name");
    if (const Json* trainable = FindMember(*config, "trainable")) {
      network->trainable = !trainable->is_boolean() || trainable->get<bool>();
    }
    // Sequential of Keras 2.0 to 2.2 is a bare list.
    const Json* layers = config->is_array() ? config : FindMember(*config, "layers");
    if (layers == nullptr || !layers->is_array()) {
      return InvalidArgument(PlaceOf(*network, class_name), "its JSON has no list of layers");
    }
    for (const Json& layer : *layers) {
      RECTIFIER_ASSIGN_OR_RETURN(LayerDescription description, ReadLayer(layer, prefix));
      network->layers.push_back(std::move(description));
    }
    if (class_name == "Sequential") {
      RECTIFIER_RETURN_IF_ERROR(Chain(json, *config, *network));
    } else {
      network->inputs = References(*config, "input_layers");
      network->outputs = References(*config, "output_layers");
    }
    if (network->outputs.empty()) {
      return InvalidArgument(PlaceOf(*network, class_name), "has no outputs");
    }
    for (size_t i = 0; i < network->layers.size(); ++i) {
      const LayerDescription& layer = network->layers[i];
      if (!network->by_name.emplace(layer.name, i).second) {
        return InvalidArgument(layer.place(), "there is another layer of this name");
      }
    }
    NumberCalls(*network, HasKeras3Calls(*layers));
    std::vector<TensorReference> references = network->outputs;
    for (const LayerDescription& layer : network->layers) {
      network->steps += 1 + static_cast<int64_t>(layer.calls.size());
      for (const CallConfig& call : layer.calls) CollectReferences(call, references);
    }
    network->steps += static_cast<int64_t>(references.size());
    return network;
  }

 private:
  std::string PlaceOf(const NetworkConfig& network, std::string_view class_name) const {
    return network.name.empty() ? std::string(place_)
                                : fmt::format("{} ({})", Printable(network.name), class_name);
  }

  absl::StatusOr<LayerDescription> ReadLayer(const Json& json, const std::string& prefix) {
    if (++entries_ > limits_.max_nodes) {
      return ResourceExhausted(place_, "has more than {} layers", limits_.max_nodes);
    }
    LayerDescription layer;
    layer.class_name = StringMember(json, "class_name");
    layer.config = FindMember(json, "config");
    if (layer.class_name.empty() || layer.config == nullptr) {
      return InvalidArgument(place_, "layer {}: expected class_name and config", entries_ - 1);
    }
    layer.name = StringMember(json, "name");
    if (layer.name.empty()) layer.name = StringMember(*layer.config, "name");
    layer.path = prefix + layer.name;
    RECTIFIER_RETURN_IF_ERROR(CheckName(place_, layer.path, limits_.max_name_bytes));
    RECTIFIER_RETURN_IF_ERROR(CheckName(layer.path, layer.class_name, limits_.max_name_bytes));
    const std::string module = StringMember(json, "module");
    if (IsCustom(json)) {
      // They have a name only if their author has written get_config() so.
      return Unimplemented(layer.name.empty() ? fmt::format("{}layer {} ({})", prefix, entries_ - 1,
                                                            layer.class_name)
                                              : layer.place(),
                           "custom classes (this one of {}) are not supported",
                           module.empty() ? "its author" : Printable(module));
    }
    if (layer.name.empty() && !layer.config->is_array()) {
      return InvalidArgument(place_, "layer {} ({}) has no name", entries_ - 1, layer.class_name);
    }
    layer.is_operation = IsOperation(layer, module);
    if (IsNetworkClass(layer.class_name)) {
      RECTIFIER_ASSIGN_OR_RETURN(layer.network, Read(json, layer.path + "/"));
    }
    return ReadCalls(json, std::move(layer));
  }

  // Keras 3's .h5 files do not say which of the two an "Add" is; layers have a type or can be
  // trained.
  static bool IsOperation(const LayerDescription& layer, std::string_view module) {
    if (layer.class_name == "TFOpLambda" || layer.class_name == "SlicingOpLambda") return true;
    if (!module.empty()) {
      return module == "keras.ops" || module.find(".ops.") != std::string_view::npos;
    }
    const Json& config = *layer.config;
    const bool has_dtype = FindMember(config, "dtype") != nullptr && layer.class_name != "Cast";
    return layer.class_name != "InputLayer" && !IsNetworkClass(layer.class_name) &&
           config.is_object() && FindMember(config, "trainable") == nullptr && !has_dtype;
  }

  absl::StatusOr<LayerDescription> ReadCalls(const Json& json, LayerDescription layer) {
    const Json* calls = FindMember(json, "inbound_nodes");
    if (calls == nullptr) return layer;
    if (!calls->is_array()) {
      return InvalidArgument(layer.place(), "inbound_nodes: expected a list, got {}",
                             KindOf(*calls));
    }
    entries_ += static_cast<int64_t>(calls->size());
    if (entries_ > limits_.max_nodes) {
      return ResourceExhausted(place_, "has more than {} layers and calls", limits_.max_nodes);
    }
    for (const Json& call : *calls) layer.calls.push_back(ReadCall(call));
    return layer;
  }

  std::vector<TensorReference> References(const Json& config, std::string_view name) const {
    std::vector<TensorReference> references;
    const Json* found = FindMember(config, name);
    if (found == nullptr) return references;
    CallConfig none;
    CollectReferences(ReadKeras2Argument(*found, none), references);
    return references;
  }

  // Each layer of a Sequential is called with the result of the one before it.
  absl::Status Chain(const Json& json, const Json& config, NetworkConfig& network) {
    if (network.layers.empty()) {
      return InvalidArgument(PlaceOf(network, "Sequential"), "has no layers");
    }
    if (network.layers.front().class_name != "InputLayer") AddInput(json, config, network);
    network.layers.front().calls.clear();
    for (size_t i = 1; i < network.layers.size(); ++i) {
      CallConfig call;
      call.arguments.push_back({TensorReference{network.layers[i - 1].name, 0, 0}});
      network.layers[i].calls.clear();
      network.layers[i].calls.push_back(std::move(call));
    }
    network.inputs = {{network.layers.front().name, 0, 0}};
    network.outputs = {{network.layers.back().name, 0, 0}};
    return absl::OkStatus();
  }

  // The shape is the first layer's, or the one that the network was built for.
  static const Json* InputShape(const LayerDescription& layer) {
    for (const char* name : {"batch_shape", "batch_input_shape"}) {
      if (const Json* shape = FindMember(*layer.config, name)) return shape;
    }
    if (layer.network == nullptr || layer.network->layers.empty()) return nullptr;
    return InputShape(layer.network->layers.front());
  }

  static void AddInput(const Json& json, const Json& config, NetworkConfig& network) {
    const LayerDescription& first = network.layers.front();
    const Json* shape = InputShape(first);
    if (shape == nullptr) shape = FindMember(config, "build_input_shape");
    const Json* build = FindMember(json, "build_config");
    if (shape == nullptr && build != nullptr) shape = FindMember(*build, "input_shape");
    Json& input = network.added_input.emplace(Json::object());
    if (shape != nullptr) input["batch_shape"] = *shape;
    LayerDescription layer;
    layer.name = first.name + "_input";
    layer.path = first.path + "_input";
    layer.class_name = "InputLayer";
    layer.config = &input;
    network.layers.insert(network.layers.begin(), std::move(layer));
  }

  // Calls are numbered from 0 on, but for those of a network within a network, which counts as
  // called when it is made. Keras 3 counts that in the outputs only, and only of Functional.
  static void NumberCalls(NetworkConfig& network, bool keras3) {
    if (keras3) {
      for (TensorReference& output : network.outputs) {
        const LayerDescription* layer = network.FindLayer(output.layer);
        const bool counts = layer != nullptr && layer->network != nullptr;
        if (counts && layer->class_name != "Sequential") --output.node;
      }
      return;
    }
    // Keras 2 counts it everywhere where it happened. All calls that a file keeps are read, so the
    // least number is the first call's.
    std::map<std::string_view, LayerDescription*> networks;
    for (LayerDescription& layer : network.layers) {
      if (layer.network == nullptr) continue;
      layer.first_node = std::numeric_limits<int64_t>::max();
      networks.emplace(layer.name, &layer);
    }
    if (networks.empty()) return;
    std::vector<TensorReference> references = network.outputs;
    for (const LayerDescription& layer : network.layers) {
      for (const CallConfig& call : layer.calls) CollectReferences(call, references);
    }
    for (const TensorReference& reference : references) {
      const auto found = networks.find(reference.layer);
      if (found == networks.end()) continue;
      found->second->first_node = std::min(found->second->first_node, reference.node);
    }
  }

  std::string_view place_;
  const ImportLimits& limits_;
  int64_t entries_ = 0;
};

}  // namespace

void CollectReferences(const Argument& argument, std::vector<TensorReference>& into) {
  if (const auto* reference = std::get_if<TensorReference>(&argument.value)) {
    into.push_back(*reference);
  } else if (const auto* list = std::get_if<std::vector<Argument>>(&argument.value)) {
    for (const Argument& item : *list) CollectReferences(item, into);
  }
}

void CollectReferences(const CallConfig& call, std::vector<TensorReference>& into) {
  for (const Argument& argument : call.arguments) CollectReferences(argument, into);
  for (const auto& [name, argument] : call.keywords) CollectReferences(argument, into);
}

const LayerDescription* NetworkConfig::FindLayer(std::string_view layer) const {
  const auto found = by_name.find(layer);
  return found == by_name.end() ? nullptr : &layers[found->second];
}

// Keras writes the name that a class was registered with, and of its own classes the module.
bool IsCustom(const Json& json) {
  const std::string module = StringMember(json, "module");
  if (!module.empty()) return !IsOfKeras(module);
  return !StringMember(json, "registered_name").empty();
}

bool IsNetworkClass(std::string_view class_name) {
  return class_name == "Sequential" || class_name == "Functional" || class_name == "Model";
}

absl::StatusOr<std::unique_ptr<NetworkConfig>> ReadNetworkConfig(std::string_view place,
                                                                 const Json& json,
                                                                 const ImportLimits& limits) {
  return NetworkConfigReader(place, limits).Read(json, "");
}

}  // namespace rectifier
