#include "server/import/keras/layer_call.h"

#include "server/core/status.h"
#include "server/ops/node_types.h"

namespace rectifier {

absl::StatusOr<ValueId> LayerCall::Input() const {
  if (given_.tensors.size() == 1) return given_.tensors[0];
  return InvalidArgument(place(), "expected one input, got {}", given_.tensors.size());
}

absl::StatusOr<int> LayerCall::Axis(std::string_view setting, int64_t axis, ValueId x) const {
  return NormalizeAxis(place(), axis, rank(x), setting);
}

absl::StatusOr<int64_t> LayerCall::KnownDim(ValueId x, int axis) const {
  if (axis < 0 || axis >= rank(x)) {
    return InvalidArgument(place(), "expected an input with an axis {}, got shape {}", axis,
                           shape(x).ToString());
  }
  if (shape(x)[axis] != kDynamicDim) return shape(x)[axis];
  return InvalidArgument(place(), "axis {} of its input, of shape {}, must be known", axis,
                         shape(x).ToString());
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
  const ValueId id = builder_.AddConstant(layer_.name + "/" + std::string(name), std::move(tensor));
  layer_.constants.emplace(name, id);
  return id;
}

ValueId LayerCall::Scalar(float value) {
  return builder_.AddConstant(layer_.name + "/value", Tensor::Scalar(value));
}

ValueId LayerCall::Integers(std::span<const int64_t> values) {
  return builder_.AddConstant(
      layer_.name + "/integers",
      Tensor::From<int64_t>(Shape{static_cast<int64_t>(values.size())}, values));
}

ValueId LayerCall::Floats(const Shape& shape, std::span<const float> values) {
  return builder_.AddConstant(layer_.name + "/values", Tensor::From<float>(shape, values));
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
