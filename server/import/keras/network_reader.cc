#include "server/import/keras/network_reader.h"

#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/core/log.h"
#include "server/core/printable.h"
#include "server/core/problems.h"
#include "server/core/status.h"
#include "server/graph/verifier.h"
#include "server/import/keras/dtype_policy.h"
#include "server/import/keras/graph_builder.h"
#include "server/import/keras/layer_weights.h"
#include "server/import/keras/network_config.h"
#include "server/import/keras/network_runner.h"
#include "server/ops/infer_types.h"

namespace rectifier {
namespace {

using Values = std::vector<ValueId>;

bool IsComputedInF32(DType dtype) {
  return dtype == DType::kFloat16 || dtype == DType::kBFloat16 || dtype == DType::kFloat64;
}

class NetworkReader {
 public:
  NetworkReader(std::string_view place, const ImportLimits& limits, const NodeFolder& fold)
      : place_(place), limits_(limits), builder_(limits, fold) {}

  absl::StatusOr<Graph> Read(KerasFile file) {
    RECTIFIER_ASSIGN_OR_RETURN(const KerasDialect dialect, ReadDialect(file));
    RECTIFIER_RETURN_IF_ERROR(CheckNumbers(file));
    RECTIFIER_ASSIGN_OR_RETURN(const Json json, ParseJson(place_, file.config, limits_));
    RECTIFIER_ASSIGN_OR_RETURN(const auto network, ReadNetworkConfig(place_, json, limits_));
    CheckClasses(*network, problems_);
    RECTIFIER_RETURN_IF_ERROR(problems_.ToStatus());
    file.config.clear();
    RECTIFIER_ASSIGN_OR_RETURN(const WeightTable weights,
                               WeightTable::Bind(*network, std::move(file)));
    builder_.graph().name = network->name;
    const std::optional<Values> inputs = AddInputs(*network);
    if (inputs) {
      const std::optional<Values> outputs =
          NetworkRunner(place_, dialect, weights, 4 * limits_.max_nodes, builder_, problems_)
              .Run(*network, *inputs);
      if (outputs) AddOutputs(*network, *outputs);
    }
    RECTIFIER_RETURN_IF_ERROR(problems_.ToStatus());
    RECTIFIER_RETURN_IF_ERROR(VerifyGraph(builder_.graph()));
    RECTIFIER_RETURN_IF_ERROR(InferTypes(builder_.graph()));
    return std::move(builder_.graph());
  }

 private:
  absl::StatusOr<KerasDialect> ReadDialect(const KerasFile& file) const {
    if (file.keras_version == "1" || file.keras_version.starts_with("1.")) {
      return Unimplemented(place_, "was written by Keras 1 (Keras 2 and 3 are supported)");
    }
    return KerasDialect{.keras2 = file.keras_version.starts_with("2."),
                        .flip_kernels = file.backend == "theano"};
  }

  absl::Status CheckNumbers(const KerasFile& file) const {
    if (limits_.allow_nan) return absl::OkStatus();
    for (const KerasWeightGroup& group : file.groups) {
      for (const KerasWeight& weight : group.weights) {
        if (weight.tensor.dtype() != DType::kFloat32) continue;
        const auto data = weight.tensor.data<float>();
        for (size_t i = 0; i < data.size(); ++i) {
          if (!std::isnan(data[i])) continue;
          return InvalidArgument(Printable(group.path), "weight {}: element {} is NaN",
                                 Printable(weight.name), i);
        }
      }
    }
    return absl::OkStatus();
  }

  // The outermost network's inputs; nullopt when one was refused.
  std::optional<Values> AddInputs(const NetworkConfig& network) {
    Values inputs;
    for (const TensorReference& reference : network.inputs) {
      const absl::StatusOr<ValueId> input = AddInput(network, reference);
      problems_.Add(input.status());
      if (input.ok()) inputs.push_back(*input);
    }
    if (network.inputs.empty()) problems_.Add(InvalidArgument(place_, "the network has no inputs"));
    if (!problems_.empty()) return std::nullopt;
    return inputs;
  }

  absl::StatusOr<ValueId> AddInput(const NetworkConfig& network, const TensorReference& reference) {
    const LayerDescription* layer = network.FindLayer(reference.layer);
    if (layer == nullptr || layer->class_name != "InputLayer") {
      return InvalidArgument(place_, "input {} is no InputLayer", Printable(reference.layer));
    }
    const std::string place = layer->place();
    if (!inputs_.insert(layer->name).second) {
      return InvalidArgument(place, "is listed as an input a second time");
    }
    for (const char* name : {"sparse", "ragged"}) {
      const Json* set = FindMember(*layer->config, name);
      if (set != nullptr && *set == true) {
        return Unimplemented(place, "{}: only dense tensors are supported", name);
      }
    }
    RECTIFIER_ASSIGN_OR_RETURN(const TensorType type, InputType(place, *layer->config));
    const ValueId id = builder_.graph().AddInput(layer->name, type);
    if (!IsComputedInF32(type.dtype)) return id;
    return Converted(*layer, id, DType::kFloat32);
  }

  absl::StatusOr<TensorType> InputType(const std::string& place, const Json& config) const {
    const Json* shape = FindMember(config, "batch_shape");
    if (shape == nullptr) shape = FindMember(config, "batch_input_shape");
    if (shape == nullptr) {
      return InvalidArgument(place,
                             "its shape is not in the file: build the network before saving");
    }
    if (!shape->is_array() || shape->empty() ||
        shape->size() > static_cast<size_t>(limits_.max_rank)) {
      return InvalidArgument(place, "batch_shape: expected 1 to {} sizes", limits_.max_rank);
    }
    TensorType type;
    RECTIFIER_ASSIGN_OR_RETURN(type.dtype, ComputedType(place, config));
    Shape smallest;  // with 1 for what is dynamic
    for (const Json& size : *shape) {
      constexpr int64_t kMost = int64_t{1} << 40;
      const bool known = size.is_number_integer();
      if (!size.is_null() && (!known || size.get<int64_t>() < 1 || size.get<int64_t>() > kMost)) {
        return InvalidArgument(place, "batch_shape: expected sizes from 1 on, or null");
      }
      type.shape.push_back(known ? size.get<int64_t>() : kDynamicDim);
      smallest.push_back(known ? size.get<int64_t>() : 1);
    }
    const auto bytes = CheckedByteSize({type.dtype, smallest});
    if (!bytes.ok()) return At(place, bytes.status());
    return type;
  }

  // The file's f16, bf16 and f64 stay at the edges of the graph only.
  absl::StatusOr<ValueId> Converted(const LayerDescription& layer, ValueId id, DType to) {
    if (!std::exchange(converts_, true)) {
      log::Info("inputs and outputs of other float types are converted: it computes in f32",
                {{"model", place_}});
    }
    return builder_.Add(layer.place(), layer.name, "Cast", {id}, {{"to", std::string(Name(to))}});
  }

  // The layer whose settings say of what type a result is: operations take it from their input.
  // What was found is remembered for all on the way, so that no layer is passed twice.
  const LayerDescription* TypeGiver(const NetworkConfig& network, const LayerDescription* layer) {
    std::vector<const LayerDescription*> passed;
    const LayerDescription* giver = nullptr;
    while (layer != nullptr) {
      const auto [known, added] = type_givers_.try_emplace(layer, nullptr);
      if (!added) {
        giver = known->second;
        break;
      }
      passed.push_back(layer);
      if (layer->network != nullptr) {
        giver =
            TypeGiver(*layer->network, layer->network->FindLayer(layer->network->outputs[0].layer));
        break;
      }
      if (!layer->is_operation) {
        giver = layer;
        break;
      }
      std::vector<TensorReference> references;
      if (!layer->calls.empty()) CollectReferences(layer->calls[0], references);
      layer = references.empty() ? nullptr : network.FindLayer(references[0].layer);
    }
    for (const LayerDescription* on_the_way : passed) type_givers_[on_the_way] = giver;
    return giver;
  }

  // Outputs have the names of their layers; of several with one name all but the first a number.
  void AddOutputs(const NetworkConfig& network, const Values& values) {
    std::set<std::string, std::less<>> names;
    std::map<std::string_view, int> counts;
    for (size_t i = 0; i < values.size(); ++i) {
      const std::string_view base = network.outputs[i].layer;
      std::string name(base);
      while (!names.insert(name).second) name = fmt::format("{}_{}", base, ++counts[base]);
      const LayerDescription* layer = network.FindLayer(base);
      const LayerDescription* giver = TypeGiver(network, layer);
      ValueId value = values[i];
      if (giver != nullptr && builder_.type(value).dtype == DType::kFloat32) {
        const absl::StatusOr<DType> dtype = ComputedType(giver->place(), *giver->config);
        if (dtype.ok() && IsComputedInF32(*dtype)) {
          const absl::StatusOr<ValueId> converted = Converted(*layer, value, *dtype);
          problems_.Add(converted.status());
          if (converted.ok()) value = *converted;
        }
      }
      builder_.graph().outputs().push_back({std::move(name), value});
    }
  }

  std::string_view place_;
  const ImportLimits& limits_;
  GraphBuilder builder_;
  Problems problems_;
  std::map<const LayerDescription*, const LayerDescription*> type_givers_;
  std::set<std::string, std::less<>> inputs_;  // whose names are taken
  bool converts_ = false;
};

}  // namespace

absl::StatusOr<Graph> ReadKerasNetwork(std::string_view place, KerasFile file,
                                       const ImportLimits& limits, const NodeFolder& fold) {
  return NetworkReader(place, limits, fold).Read(std::move(file));
}

}  // namespace rectifier
