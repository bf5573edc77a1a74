#include <span>
#include <utility>

#include "server/core/status.h"
#include "server/import/onnx/conversions.h"

namespace rectifier {

absl::Status ConvertUnchanged(NodeConversion& node) {
  node.attributes().Ignore("consumed_inputs");
  node.attributes().Ignore("stash_type");  // of normalizations: the precision of their sums
  Attributes attributes = node.attributes().Rest();
  node.Emit(node.op_type(), node.inputs(), std::move(attributes));
  return absl::OkStatus();
}

absl::Status ConvertBatchNormalization(NodeConversion& node) {
  NodeAttributes& in = node.attributes();
  in.Ignore("consumed_inputs");
  in.Ignore("momentum");
  const float epsilon = in.Float("epsilon", 1e-5F);
  if (node.opset() < 7 && in.Int("is_test", 0) == 0) {
    return Unimplemented(node.place(), "attribute is_test: 0 (training) is not supported");
  }
  if (node.opset() < 9 && in.Int("spatial", 1) != 1) {
    return Unimplemented(node.place(), "attribute spatial: only 1 is supported, got {}",
                         in.Int("spatial", 1));
  }
  if (node.opset() >= 14 && in.Int("training_mode", 0) != 0) {
    return Unimplemented(node.place(), "attribute training_mode: only 0 is supported");
  }
  Attributes attributes;
  if (epsilon != 1e-5F) attributes["epsilon"] = epsilon;
  node.Emit("BatchNormalization", node.inputs(), std::move(attributes));
  return absl::OkStatus();
}

absl::Status ConvertConstant(NodeConversion& node) {
  NodeAttributes& in = node.attributes();
  for (const std::string_view other : {"sparse_value", "value_string", "value_strings"}) {
    if (in.Has(other)) {
      return Unimplemented(node.place(), "attribute {}: not supported", other);
    }
  }
  int given = 0;
  for (const std::string_view name :
       {"value", "value_float", "value_floats", "value_int", "value_ints"}) {
    if (in.Has(name)) ++given;
  }
  if (given != 1) {
    return InvalidArgument(node.place(), "expected one attribute that is the value, got {}", given);
  }
  if (const onnx::TensorProto* value = in.Tensor("value")) {
    RECTIFIER_ASSIGN_OR_RETURN(auto tensor, node.Decode("value", *value));
    node.EmitConstant(std::move(tensor));
    return absl::OkStatus();
  }
  const auto emit = [&node](Tensor tensor) {
    node.EmitConstant(std::make_shared<const Tensor>(std::move(tensor)));
  };
  if (in.Has("value_float")) {
    emit(Tensor::Scalar(in.Float("value_float", 0)));
  } else if (in.Has("value_floats")) {
    const std::vector<float> values = in.Floats("value_floats");
    emit(Tensor::From<float>(Shape{static_cast<int64_t>(values.size())}, values));
  } else if (in.Has("value_int")) {
    const int64_t value = in.Int("value_int", 0);
    emit(Tensor::From<int64_t>(Shape{}, std::span(&value, 1)));
  } else {
    const std::vector<int64_t> values = in.Ints("value_ints");
    emit(Tensor::From<int64_t>(Shape{static_cast<int64_t>(values.size())}, values));
  }
  return absl::OkStatus();
}

// Nothing is dropped at inference, so ratio and seed have no meaning, nor has is_test of opset 1 to
// 6; the training mode of opset 12 would be a request to drop.
absl::Status ConvertDropout(NodeConversion& node) {
  for (const std::string_view name : {"consumed_inputs", "is_test", "ratio", "seed"}) {
    node.attributes().Ignore(name);
  }
  if (node.HasInput(2)) {
    const Tensor* training = node.constant(2);
    if (training == nullptr || training->dtype() != DType::kBool || training->ElementCount() != 1 ||
        training->data<bool>()[0]) {
      return Unimplemented(node.place(),
                           "input 2 (training_mode): only the constant false is supported");
    }
  }
  node.Emit("Identity", {node.inputs()[0]});
  if (node.IsWanted(1)) {
    // The mask of what was kept: all of it.
    const bool kept = true;
    const ValueId shape = node.Add("Shape", {node.inputs()[0]}, "shape");
    node.EmitOutput(
        1, "Expand",
        {node.AddConstant("kept", Tensor::From<bool>(Shape{}, std::span(&kept, 1))), shape});
  }
  return absl::OkStatus();
}

// Exporters give one weight several names by Identity; it stays a constant under each of them.
absl::Status ConvertIdentity(NodeConversion& node) {
  if (auto shared = node.shared_constant(0)) {
    node.EmitConstant(std::move(shared));
  } else {
    node.Emit("Identity", node.inputs());
  }
  return absl::OkStatus();
}

absl::Status ConvertIf(NodeConversion& node) {
  return Unimplemented(node.place(), "input 0 (cond): only a constant condition is supported");
}

}  // namespace rectifier
