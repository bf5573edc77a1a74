#include "server/import/keras/layer_call.h"

#include <algorithm>

#include "server/core/printable.h"
#include "server/core/status.h"
#include "server/ops/node_types.h"

namespace rectifier {

absl::StatusOr<ValueId> LayerCall::Input() const {
  if (given_.tensors.size() == 1) return given_.tensors[0];
  return InvalidArgument(place(), "expected one input, got {}", given_.tensors.size());
}

const CallInputs::Given* LayerCall::FindArgument(size_t position,
                                                 std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) asked_for_.emplace(name);
  asked_up_to_ = std::max(asked_up_to_, position + 1);
  if (position < given_.arguments.size()) return &given_.arguments[position];
  for (const std::string_view name : names) {
    const auto found = given_.keywords.find(name);
    if (found != given_.keywords.end()) return &found->second;
  }
  return nullptr;
}

absl::Status LayerCall::CheckArguments() const {
  for (const auto& [name, given] : given_.keywords) {
    const bool off =
        given.literal != nullptr && (given.literal->is_null() || *given.literal == false);
    if (off || name == "name" || asked_for_.contains(name)) continue;
    return Unimplemented(place(), "the argument {} is not supported", Printable(name));
  }
  const Json& config = *layer_.description->config;
  if (!config.is_object()) return InvalidArgument(place(), "config: expected an object");
  for (const auto& [name, value] : config.items()) {
    const bool off = value.is_null() || value == false;
    const bool of_all =
        name == "name" || name == "trainable" || name == "dtype" || name == "function";
    if (off || of_all || asked_for_.contains(name)) continue;
    return Unimplemented(place(), "the setting {} is not supported", Printable(name));
  }
  if (given_.arguments.size() > asked_up_to_) {
    return Unimplemented(place(), "it has {} arguments, of which {} are supported",
                         given_.arguments.size(), asked_up_to_);
  }
  return absl::OkStatus();
}

absl::StatusOr<int> LayerCall::Axis(std::string_view setting, int64_t axis, ValueId x) const {
  return NormalizeAxis(place(), axis, rank(x), setting);
}

absl::StatusOr<int64_t> LayerCall::KnownDim(ValueId x, int axis) const {
  if (axis < 0 || axis >= rank(x)) {
    return InvalidArgument(place(), "expected an input with an axis {}, got shape {}", axis,
                           shape(x).ToString());
  }
  if (shape(x)[axis] > 0) return shape(x)[axis];
  return InvalidArgument(place(), "axis {} of its input, of shape {}, must be known and not empty",
                         axis, shape(x).ToString());
}

absl::StatusOr<std::shared_ptr<const Tensor>> LayerCall::Weight(std::string_view name,
                                                                const Shape& expected) const {
  for (const LayerWeight& weight : *layer_.weights) {
    if (weight.name != name) continue;
    const TensorType& type = weight.tensor->type();
    if (type.dtype == DType::kFloat32 && type.shape == expected) return weight.tensor;
    return InvalidArgument(place(), "weight {}: expected f32{}, got {}{}", name,
                           expected.ToString(), Name(type.dtype), type.shape.ToString());
  }
  return InvalidArgument(place(), "the file has no weight {}", name);
}

absl::StatusOr<ValueId> LayerCall::WeightConstant(std::string_view name, const Shape& expected) {
  const auto found = layer_.constants.find(name);
  if (found != layer_.constants.end()) return found->second;
  RECTIFIER_ASSIGN_OR_RETURN(auto tensor, Weight(name, expected));
  const ValueId id = builder_.AddConstant(path() + "/" + std::string(name), std::move(tensor));
  layer_.constants.emplace(name, id);
  return id;
}

ValueId LayerCall::Scalar(float value) {
  return builder_.AddConstant(path() + "/value", Tensor::Scalar(value));
}

ValueId LayerCall::Integers(std::span<const int64_t> values) {
  return builder_.AddConstant(
      path() + "/integers",
      Tensor::From<int64_t>(Shape{static_cast<int64_t>(values.size())}, values));
}

ValueId LayerCall::Floats(const Shape& shape, std::span<const float> values) {
  return builder_.AddConstant(path() + "/values", Tensor::From<float>(shape, values));
}

absl::StatusOr<ValueId> LayerCall::Transpose(ValueId x, std::vector<int64_t> perm) {
  return Add("Transpose", {x}, {{"perm", std::move(perm)}});
}

absl::StatusOr<ValueId> LayerCall::Reshape(ValueId x, std::vector<int64_t> dims) {
  return Add("Reshape", {x, Integers(dims)});
}

absl::StatusOr<ValueId> LayerCall::AsFloat(ValueId x) {
  if (dtype(x) == DType::kFloat32) return x;
  return Add("Cast", {x}, {{"to", std::string(Name(DType::kFloat32))}});
}

absl::StatusOr<ValueId> LayerCall::Rectifier(ValueId x, ValueId slope, std::string_view origin) {
  return Add("Rectifier", {x, slope}, {{"origin", std::string(origin)}});
}

}  // namespace rectifier
