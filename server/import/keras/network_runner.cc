#include "server/import/keras/network_runner.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "server/core/printable.h"
#include "server/core/status.h"
#include "server/import/keras/dtype_policy.h"
#include "server/import/keras/layer_table.h"
#include "server/import/keras/operations.h"
#include "server/import/node_order.h"

namespace rectifier {

// The calls of one network, in the order of its layers, and what they return.
struct NetworkRunner::Calls {
  struct Call {
    const LayerDescription* layer;
    const CallConfig* config;
  };
  std::vector<Call> calls;
  std::map<std::string_view, int> first;  // of each layer, by name; its inputs have none
  std::vector<std::optional<Values>> results;
  std::map<std::string_view, ValueId> inputs;  // of the network, by the name of their layer
};

namespace {

// True for what says nothing: null, false, and lists of such.
bool IsOff(const Json& json) {
  return json.is_null() || json == false ||
         (json.is_array() && std::all_of(json.begin(), json.end(), IsOff));
}

// A layer is called with its input, and of what else it may be given nothing is understood.
absl::Status CheckCall(const std::string& place, const CallInputs& inputs, bool trains) {
  for (size_t i = 1; i < inputs.arguments.size(); ++i) {
    const CallInputs::Given& given = inputs.arguments[i];
    if (given.literal != nullptr && IsOff(*given.literal)) continue;
    return Unimplemented(place, "it is called with {} arguments, only one is supported",
                         inputs.arguments.size());
  }
  for (const auto& [name, given] : inputs.keywords) {
    if (given.literal != nullptr && IsOff(*given.literal)) continue;
    if (name == "training" && !trains) continue;
    return Unimplemented(place, "it is called with {}, which is not supported",
                         name == "training" ? "training=True" : Printable(name));
  }
  return absl::OkStatus();
}

}  // namespace

void CheckClasses(const NetworkConfig& network, Problems& problems) {
  for (const LayerDescription& layer : network.layers) {
    const std::string place = layer.place();
    if (layer.network != nullptr) {
      CheckClasses(*layer.network, problems);
    } else if (!layer.is_operation && layer.class_name != "InputLayer") {
      if (FindKerasLayer(layer.class_name) == nullptr) {
        problems.Add(Unimplemented(place, "{}", WhyRefused(layer.class_name)));
      } else {
        problems.Add(ComputedType(place, *layer.config).status());
      }
    }
  }
}

std::optional<std::vector<ValueId>> NetworkRunner::Run(const NetworkConfig& network,
                                                       const Values& inputs) {
  Calls calls;
  for (size_t i = 0; i < inputs.size(); ++i) {
    calls.inputs.emplace(network.inputs[i].layer, inputs[i]);
  }
  // Networks that call each other several times multiply, even where nothing comes of it.
  steps_left_ -= network.steps;
  if (steps_left_ < 0) {
    problems_.Add(ResourceExhausted(place_, "its networks within networks call too many layers"));
    return std::nullopt;
  }
  for (const LayerDescription& layer : network.layers) {
    calls.first.emplace(layer.name, static_cast<int>(calls.calls.size()));
    for (const CallConfig& call : layer.calls) calls.calls.push_back({&layer, &call});
  }
  const absl::StatusOr<std::vector<int>> order = Order(network, calls);
  problems_.Add(order.status());
  if (!order.ok()) return std::nullopt;
  calls.results.resize(calls.calls.size());
  for (const int index : *order) {
    const auto& [layer, config] = calls.calls[static_cast<size_t>(index)];
    absl::StatusOr<std::optional<Values>> result = Call(*layer, *config, network, calls);
    problems_.Add(result.status());
    if (result.ok()) calls.results[static_cast<size_t>(index)] = *std::move(result);
  }
  Values outputs;
  for (const TensorReference& reference : network.outputs) {
    const std::optional<ValueId> value = Find(network, calls, reference);
    if (!value) return std::nullopt;
    outputs.push_back(*value);
  }
  return outputs;
}

// The index of the call that a reference names; nullopt for a network's input. INVALID_ARGUMENT
// when there is none, of `reader`, which reads it.
absl::StatusOr<std::optional<int>> NetworkRunner::CallOf(std::string_view reader,
                                                         const NetworkConfig& network,
                                                         const Calls& calls,
                                                         const TensorReference& reference) const {
  if (calls.inputs.contains(reference.layer)) return std::nullopt;
  const LayerDescription* layer = network.FindLayer(reference.layer);
  if (layer == nullptr) {
    return InvalidArgument(reader, "it reads what {} returns, and there is no such layer",
                           Printable(reference.layer));
  }
  const int64_t number = reference.node - layer->first_node;
  if (number < 0 || number >= static_cast<int64_t>(layer->calls.size())) {
    return InvalidArgument(reader, "it reads what call {} of {} returns, which has {} calls",
                           reference.node, Printable(reference.layer), layer->calls.size());
  }
  return calls.first.find(reference.layer)->second + static_cast<int>(number);
}

absl::StatusOr<std::vector<int>> NetworkRunner::Order(const NetworkConfig& network,
                                                      const Calls& calls) const {
  std::vector<std::vector<int>> dependencies(calls.calls.size());
  for (size_t i = 0; i < calls.calls.size(); ++i) {
    std::vector<TensorReference> references;
    const CallConfig& call = *calls.calls[i].config;
    CollectReferences(call, references);
    for (const TensorReference& reference : references) {
      RECTIFIER_ASSIGN_OR_RETURN(const std::optional<int> index,
                                 CallOf(calls.calls[i].layer->place(), network, calls, reference));
      if (index) dependencies[i].push_back(*index);
    }
  }
  for (const TensorReference& reference : network.outputs) {
    RECTIFIER_RETURN_IF_ERROR(CallOf(place_, network, calls, reference).status());
  }
  NodeOrder order = OrderNodes(dependencies);
  if (order.cycle.empty()) return std::move(order.order);
  return InvalidArgument(calls.calls[static_cast<size_t>(order.cycle[0])].layer->place(),
                         "the network has a cycle through it");
}

// The value of a reference; nullopt when its layer was refused, or has no such result.
std::optional<ValueId> NetworkRunner::Find(const NetworkConfig& network, const Calls& calls,
                                           const TensorReference& reference) {
  const auto input = calls.inputs.find(reference.layer);
  if (input != calls.inputs.end()) return input->second;
  const auto index = CallOf(place_, network, calls, reference);
  if (!index.ok() || !*index) return std::nullopt;
  const std::optional<Values>& result = calls.results[static_cast<size_t>(**index)];
  if (!result) return std::nullopt;
  if (reference.tensor < 0 || reference.tensor >= static_cast<int64_t>(result->size())) {
    problems_.Add(InvalidArgument(network.FindLayer(reference.layer)->place(), "has no result {}",
                                  reference.tensor));
    return std::nullopt;
  }
  return (*result)[static_cast<size_t>(reference.tensor)];
}

// What an argument gives; nullopt when a layer that it needs was refused.
std::optional<CallInputs::Given> NetworkRunner::Resolve(const Argument& argument,
                                                        const NetworkConfig& network,
                                                        const Calls& calls) {
  CallInputs::Given given;
  if (const auto* literal = std::get_if<const Json*>(&argument.value)) {
    given.literal = *literal;
    return given;
  }
  given.is_list = std::holds_alternative<std::vector<Argument>>(argument.value);
  std::vector<TensorReference> references;
  CollectReferences(argument, references);
  for (const TensorReference& reference : references) {
    const std::optional<ValueId> value = Find(network, calls, reference);
    if (!value) return std::nullopt;
    given.tensors.push_back(*value);
  }
  return given;
}

// What a call is given; nullopt when a layer that it needs was refused.
std::optional<CallInputs> NetworkRunner::ResolveAll(const CallConfig& call,
                                                    const NetworkConfig& network,
                                                    const Calls& calls) {
  CallInputs inputs;
  for (const Argument& argument : call.arguments) {
    auto given = Resolve(argument, network, calls);
    if (!given) return std::nullopt;
    inputs.tensors.insert(inputs.tensors.end(), given->tensors.begin(), given->tensors.end());
    inputs.arguments.push_back(*std::move(given));
  }
  for (const auto& [name, argument] : call.keywords) {
    auto given = Resolve(argument, network, calls);
    if (!given) return std::nullopt;
    inputs.tensors.insert(inputs.tensors.end(), given->tensors.begin(), given->tensors.end());
    inputs.keywords.emplace(name, *std::move(given));
  }
  return inputs;
}

// nullopt when a layer that the call needs was refused.
absl::StatusOr<std::optional<NetworkRunner::Values>> NetworkRunner::Call(
    const LayerDescription& layer, const CallConfig& config, const NetworkConfig& network,
    const Calls& calls) {
  const std::string place = layer.place();
  // CheckClasses() has let it through.
  const KerasLayer* known =
      layer.is_operation || layer.network != nullptr ? nullptr : FindKerasLayer(layer.class_name);
  if (known == nullptr && !layer.is_operation && layer.network == nullptr) {
    return InvalidArgument(place, "an input is called like a layer");
  }
  const std::optional<CallInputs> inputs = ResolveAll(config, network, calls);
  if (!inputs) return std::nullopt;
  if (!layer.is_operation) {
    RECTIFIER_RETURN_IF_ERROR(CheckCall(place, *inputs, layer.network != nullptr || known->trains));
  }
  if (layer.network != nullptr) {
    const size_t expected = layer.network->inputs.size();
    if (inputs->tensors.size() != expected) {
      return InvalidArgument(place, "expected {} inputs, got {}", expected, inputs->tensors.size());
    }
    return Run(*layer.network, inputs->tensors);
  }
  LayerState& state = StateOf(layer);
  LayerCall call(builder_, state, *inputs, dialect_.keras2, dialect_.flip_kernels);
  Values values;
  absl::Status status;
  if (known != nullptr) {
    const absl::StatusOr<ValueId> value = known->convert(call);
    status = value.status();
    if (value.ok()) values = {*value};
  } else {
    absl::StatusOr<Values> results = ConvertOperation(call, layer.class_name);
    status = results.ok() ? call.CheckArguments() : results.status();
    if (results.ok()) values = *std::move(results);
  }
  // A wrong setting was read as its default, so it is what is to be told.
  RECTIFIER_RETURN_IF_ERROR(call.config().error());
  RECTIFIER_RETURN_IF_ERROR(status);
  return values;
}

LayerState& NetworkRunner::StateOf(const LayerDescription& layer) {
  const auto [state, added] = states_.try_emplace(&layer);
  if (added) state->second = {&layer, &weights_.of(layer), {}};
  return state->second;
}

}  // namespace rectifier
