#include "server/import/keras/layer_weights.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <optional>
#include <utility>

#include "server/core/check.h"
#include "server/core/status.h"
#include "server/import/keras/layer_config.h"
#include "server/import/keras/layer_table.h"

namespace rectifier {
namespace {

using Tensors = std::vector<std::shared_ptr<const Tensor>>;
using TensorGroups = std::map<std::string, Tensors, std::less<>>;

bool IsUpper(char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; }
bool IsLower(char c) { return std::islower(static_cast<unsigned char>(c)) != 0; }

absl::StatusOr<std::vector<WeightSpec>> SpecsOf(const LayerDescription& layer) {
  if (layer.is_operation) return std::vector<WeightSpec>();
  const KerasLayer* known = FindKerasLayer(layer.class_name);
  if (known == nullptr) return std::vector<WeightSpec>();  // an InputLayer
  LayerConfig config(layer.place(), *layer.config);
  std::vector<WeightSpec> specs = known->weights(config);
  RECTIFIER_RETURN_IF_ERROR(config.error());
  return specs;
}

std::string NamesOf(const std::vector<WeightSpec>& specs) {
  std::string names;
  for (const WeightSpec& spec : specs) {
    if (!names.empty()) names += ", ";
    names += spec.name;
  }
  return names;
}

bool IsTrainable(const LayerDescription& layer) {
  const Json* trainable = FindMember(*layer.config, "trainable");
  return trainable == nullptr || !trainable->is_boolean() || trainable->get<bool>();
}

// `tensors` under the names of `specs`; ones at the end that are optional may be missing.
absl::StatusOr<LayerWeights> Named(const LayerDescription& layer,
                                   const std::vector<WeightSpec>& specs, const Tensors& tensors) {
  const auto required =
      std::count_if(specs.begin(), specs.end(), [](const WeightSpec& s) { return !s.optional; });
  if (tensors.size() < static_cast<size_t>(required) || tensors.size() > specs.size()) {
    return InvalidArgument(layer.place(), "expected {} weights{}{}, the file has {}", required,
                           required > 0 ? ": " : "", NamesOf(specs), tensors.size());
  }
  LayerWeights weights;
  for (size_t i = 0; i < tensors.size(); ++i) weights.push_back({specs[i].name, tensors[i]});
  return weights;
}

class Binder {
 public:
  explicit Binder(KerasFile file) {
    for (KerasWeightGroup& group : file.groups) {
      Tensors& tensors = groups_[group.path];
      for (KerasWeight& weight : group.weights) {
        tensors.push_back(std::make_shared<const Tensor>(std::move(weight.tensor)));
      }
    }
  }

  // .keras: `path` is where the network's own container of layers is, "" for the outermost.
  absl::Status BindByPath(const NetworkConfig& network, const std::string& path) {
    const std::string container = ContainerIn(path);
    std::map<std::string, int> used;
    for (const LayerDescription& layer : network.layers) {
      if (layer.is_operation) continue;  // and has no weights
      // Sequential does not count its InputLayer, but nor is it of any other's class.
      std::string name = SnakeCase(layer.class_name);
      const int before = used[name]++;
      if (before > 0) name += fmt::format("_{}", before);
      const std::string at = container + name;
      if (layer.network != nullptr) {
        RECTIFIER_RETURN_IF_ERROR(BindByPath(*layer.network, at + "/"));
        continue;
      }
      RECTIFIER_ASSIGN_OR_RETURN(const std::vector<WeightSpec> specs, SpecsOf(layer));
      RECTIFIER_ASSIGN_OR_RETURN(weights_[&layer], WeightsAt(layer, specs, at));
    }
    return absl::OkStatus();
  }

  // .h5: by the layer's name.
  absl::Status BindByName(const NetworkConfig& network) {
    for (const LayerDescription& layer : network.layers) {
      const auto group = groups_.find(layer.name);
      const Tensors tensors = group == groups_.end() ? Tensors() : group->second;
      if (layer.network != nullptr) {
        RECTIFIER_RETURN_IF_ERROR(BindFlat(layer, tensors));
        continue;
      }
      RECTIFIER_ASSIGN_OR_RETURN(const std::vector<WeightSpec> specs, SpecsOf(layer));
      RECTIFIER_ASSIGN_OR_RETURN(weights_[&layer], Named(layer, specs, tensors));
    }
    return absl::OkStatus();
  }

  std::map<const LayerDescription*, LayerWeights> Take() { return std::move(weights_); }

 private:
  struct Slot {
    const LayerDescription* layer;
    WeightSpec spec;
    bool trainable;
    std::shared_ptr<const Tensor> tensor;
  };

  // Versions of Keras have used three names for the attribute that holds a network's layers.
  std::string ContainerIn(const std::string& path) const {
    for (const char* name : {"_layer_checkpoint_dependencies/", "_self_tracked_trackables/"}) {
      std::string container = path + name;
      const auto found = groups_.lower_bound(container);
      if (found != groups_.end() && found->first.starts_with(container)) return container;
    }
    return path + "layers/";
  }

  absl::StatusOr<LayerWeights> WeightsAt(const LayerDescription& layer,
                                         const std::vector<WeightSpec>& specs,
                                         const std::string& path) const {
    std::vector<WeightSpec> own;
    std::vector<WeightSpec> of_activation;
    for (const WeightSpec& spec : specs) (spec.activation ? of_activation : own).push_back(spec);
    const auto tensors = [&](const std::string& at) {
      const auto group = groups_.find(at);
      return group == groups_.end() ? Tensors() : group->second;
    };
    RECTIFIER_ASSIGN_OR_RETURN(LayerWeights weights, Named(layer, own, tensors(path)));
    if (of_activation.empty()) return weights;
    RECTIFIER_ASSIGN_OR_RETURN(LayerWeights more,
                               Named(layer, of_activation, tensors(path + "/activation")));
    std::move(more.begin(), more.end(), std::back_inserter(weights));
    return weights;
  }

  static absl::Status AddSlots(const NetworkConfig& network, bool trainable,
                               std::vector<Slot>& slots) {
    for (const LayerDescription& layer : network.layers) {
      const bool layer_trainable = trainable && IsTrainable(layer);
      if (layer.network != nullptr) {
        RECTIFIER_RETURN_IF_ERROR(AddSlots(*layer.network, layer_trainable, slots));
        continue;
      }
      RECTIFIER_ASSIGN_OR_RETURN(const std::vector<WeightSpec> specs, SpecsOf(layer));
      for (const WeightSpec& spec : specs) {
        slots.push_back({&layer, spec, layer_trainable && spec.trainable, nullptr});
      }
    }
    return absl::OkStatus();
  }

  // All weights of a network within the outermost one, in one list.
  absl::Status BindFlat(const LayerDescription& layer, const Tensors& tensors) {
    std::vector<Slot> slots;
    RECTIFIER_RETURN_IF_ERROR(AddSlots(*layer.network, layer.network->trainable, slots));
    std::vector<Slot*> order;
    order.reserve(slots.size());
    for (Slot& slot : slots) order.push_back(&slot);
    std::stable_partition(order.begin(), order.end(),
                          [](const Slot* slot) { return slot->trainable; });
    if (tensors.size() != order.size()) {
      return InvalidArgument(layer.place(), "expected {} weights in all, the file has {}",
                             order.size(), tensors.size());
    }
    for (size_t i = 0; i < order.size(); ++i) order[i]->tensor = tensors[i];
    for (const Slot& slot : slots) weights_[slot.layer].push_back({slot.spec.name, slot.tensor});
    return absl::OkStatus();
  }

  TensorGroups groups_;
  std::map<const LayerDescription*, LayerWeights> weights_;
};

}  // namespace

std::string SnakeCase(std::string_view class_name) {
  // As two substitutions do it: an underscore before a capital that begins a word,
  // (.)([A-Z][a-z]+), then between a small letter and a capital. Matches do not overlap, so that a
  // letter that ends one cannot be the character before the next.
  std::string words;
  for (size_t i = 0; i < class_name.size(); ++i) {
    words += class_name[i];
    if (i + 2 >= class_name.size() || !IsUpper(class_name[i + 1]) || !IsLower(class_name[i + 2])) {
      continue;
    }
    words += '_';
    ++i;
    words += class_name[i];
    while (i + 1 < class_name.size() && IsLower(class_name[i + 1])) words += class_name[++i];
  }
  std::string snake;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0 && IsLower(words[i - 1]) && IsUpper(words[i])) snake += '_';
    snake += static_cast<char>(std::tolower(static_cast<unsigned char>(words[i])));
  }
  return snake;
}

absl::StatusOr<WeightTable> WeightTable::Bind(const NetworkConfig& network, KerasFile file) {
  const KerasFormat format = file.format;
  Binder binder(std::move(file));
  RECTIFIER_RETURN_IF_ERROR(format == KerasFormat::kHdf5 ? binder.BindByName(network)
                                                         : binder.BindByPath(network, ""));
  WeightTable table;
  table.weights_ = binder.Take();
  return table;
}

const LayerWeights& WeightTable::of(const LayerDescription& layer) const {
  static const LayerWeights none;
  const auto found = weights_.find(&layer);
  return found == weights_.end() ? none : found->second;
}

}  // namespace rectifier
