#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/import/keras/graph_builder.h"
#include "server/import/keras/layer_config.h"
#include "server/import/keras/layer_weights.h"

namespace rectifier {

// A layer of one network as it is being read: what its calls share.
struct LayerState {
  const LayerDescription* description = nullptr;
  const LayerWeights* weights = nullptr;
  std::map<std::string, ValueId, std::less<>> constants;  // that its calls have added
};

// What one call of a layer is given, besides its tensors.
struct CallInputs {
  std::vector<ValueId> tensors;  // all of them, in their order
  // Of an operation: its arguments one by one, and the values that stand in the file.
  struct Given {
    std::vector<ValueId> tensors;   // of a list, or one
    const Json* literal = nullptr;  // or this
    bool is_list = false;
  };
  std::vector<Given> arguments;
  std::map<std::string, Given, std::less<>> keywords;
};

// One call of a layer on its way into the graph: what it reads, its settings and weights, and the
// means to append what it becomes.
class LayerCall {
 public:
  LayerCall(GraphBuilder& builder, LayerState& layer, const CallInputs& given, bool keras2,
            bool flip_kernels)
      : builder_(builder),
        layer_(layer),
        given_(given),
        config_(layer.description->place(), *layer.description->config),
        keras2_(keras2),
        flip_kernels_(flip_kernels) {}

  const std::string& place() const { return config_.place(); }
  LayerConfig& config() { return config_; }
  // Written by Keras 2, some of whose names mean something else.
  bool keras2() const { return keras2_; }
  // Convolutions of the file's backend turn their kernels around (Theano).
  bool flip_kernels() const { return flip_kernels_; }

  const std::vector<ValueId>& inputs() const { return given_.tensors; }
  // The argument of an operation at `position`, or its keyword of one of these names; null when
  // there is neither.
  const CallInputs::Given* FindArgument(size_t position,
                                        std::initializer_list<std::string_view> names);
  // What an operation was given and nobody asked for would be passed over: UNIMPLEMENTED names it.
  absl::Status CheckArguments() const;
  // The one tensor that the layer is called with.
  absl::StatusOr<ValueId> Input() const;

  const Shape& shape(ValueId id) const { return builder_.shape(id); }
  int rank(ValueId id) const { return shape(id).rank(); }
  DType dtype(ValueId id) const { return builder_.type(id).dtype; }

  // `axis` of the tensor, counted from the front; its size must be known.
  absl::StatusOr<int> Axis(std::string_view setting, int64_t axis, ValueId x) const;
  absl::StatusOr<int64_t> KnownDim(ValueId x, int axis) const;

  // The weight, of exactly this shape and f32.
  absl::StatusOr<std::shared_ptr<const Tensor>> Weight(std::string_view name,
                                                       const Shape& expected) const;
  // The same as a constant of the graph, made once for all calls of the layer.
  absl::StatusOr<ValueId> WeightConstant(std::string_view name, const Shape& expected);
  // A constant made once for all calls of the layer by `make`, which returns StatusOr<Tensor>.
  template <typename Make>
  absl::StatusOr<ValueId> Constant(std::string_view key, const Make& make);

  ValueId Scalar(float value);
  ValueId Integers(std::span<const int64_t> values);
  ValueId Floats(const Shape& shape, std::span<const float> values);

  absl::StatusOr<ValueId> Add(std::string_view op, std::vector<ValueId> inputs,
                              Attributes attributes = {}) {
    return builder_.Add(place(), path(), op, std::move(inputs), std::move(attributes));
  }
  absl::StatusOr<ValueId> Transpose(ValueId x, std::vector<int64_t> perm);
  // `dims` as Reshape has them: 0 is the input's own, -1 what is left.
  absl::StatusOr<ValueId> Reshape(ValueId x, std::vector<int64_t> dims);
  absl::StatusOr<ValueId> AsFloat(ValueId x);  // a Cast where it is needed
  absl::StatusOr<ValueId> Rectifier(ValueId x, ValueId slope, std::string_view origin);

 private:
  const std::string& path() const { return layer_.description->path; }

  GraphBuilder& builder_;
  LayerState& layer_;
  const CallInputs& given_;
  LayerConfig config_;
  bool keras2_;
  bool flip_kernels_;
  std::set<std::string, std::less<>> asked_for_;  // keywords
  size_t asked_up_to_ = 0;                        // positions
};

template <typename Make>
absl::StatusOr<ValueId> LayerCall::Constant(std::string_view key, const Make& make) {
  const auto found = layer_.constants.find(key);
  if (found != layer_.constants.end()) return found->second;
  absl::StatusOr<Tensor> tensor = make();
  if (!tensor.ok()) return tensor.status();
  const ValueId id = builder_.AddConstant(path() + "/" + std::string(key), *std::move(tensor));
  layer_.constants.emplace(key, id);
  return id;
}

}  // namespace rectifier
