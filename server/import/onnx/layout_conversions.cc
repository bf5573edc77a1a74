#include <cmath>
#include <span>
#include <utility>

#include "server/core/status.h"
#include "server/import/onnx/conversions.h"
#include "server/ops/node_types.h"

namespace rectifier {
namespace {

Tensor IntegerList(std::span<const int64_t> values) {
  return Tensor::From<int64_t>(Shape{static_cast<int64_t>(values.size())}, values);
}

Attributes PadMode(NodeConversion& node) {
  const std::string mode = node.attributes().String("mode", "constant");
  Attributes attributes;
  if (mode != "constant") attributes["mode"] = mode;
  return attributes;
}

bool IsZero(const Tensor* value) {
  return value != nullptr && value->dtype() == DType::kFloat32 && value->ElementCount() == 1 &&
         value->data<float>()[0] == 0;
}

}  // namespace

absl::Status ConvertConcat(NodeConversion& node) {
  if (node.opset() >= 4 && !node.attributes().Has("axis")) {
    return InvalidArgument(node.place(), "attribute axis is required");
  }
  int64_t axis = node.attributes().Int("axis", 1);
  const auto x = node.shape(0);
  if (x && axis < 0 && axis >= -x->rank()) axis += x->rank();
  node.Emit("Concat", node.inputs(), {{"axis", axis}});
  return absl::OkStatus();
}

absl::Status ConvertFlatten(NodeConversion& node) {
  int64_t axis = node.attributes().Int("axis", 1);
  const auto x = node.shape(0);
  if (x && axis < 0 && axis >= -x->rank()) axis += x->rank();
  Attributes attributes;
  if (axis != 1) attributes["axis"] = axis;
  node.Emit("Flatten", node.inputs(), std::move(attributes));
  return absl::OkStatus();
}

absl::Status ConvertLegacyPad(NodeConversion& node) {
  const std::string_view name = node.opset() < 2 ? "paddings" : "pads";
  if (!node.attributes().Has(name)) {
    return InvalidArgument(node.place(), "attribute {} is required", name);
  }
  const std::vector<int64_t> pads = node.attributes().Ints(name);
  const float value = node.attributes().Float("value", 0);
  Attributes attributes = PadMode(node);
  std::vector<ValueId> inputs = {node.inputs()[0], node.AddConstant("pads", IntegerList(pads))};
  if (value != 0) inputs.push_back(node.AddConstant("value", Tensor::Scalar(value)));
  node.Emit("Pad", std::move(inputs), std::move(attributes));
  return absl::OkStatus();
}

absl::Status ConvertPad(NodeConversion& node) {
  Attributes attributes = PadMode(node);
  std::vector<ValueId> inputs = node.inputs();
  if (IsZero(node.constant(2))) inputs[2] = kNoValue;
  while (inputs.back() == kNoValue) inputs.pop_back();
  node.Emit("Pad", std::move(inputs), std::move(attributes));
  return absl::OkStatus();
}

absl::Status ConvertLegacyReshape(NodeConversion& node) {
  node.attributes().Ignore("consumed_inputs");
  if (!node.attributes().Has("shape")) {
    return InvalidArgument(node.place(), "attribute shape is required");
  }
  const std::vector<int64_t> shape = node.attributes().Ints("shape");
  node.Emit("Reshape", {node.inputs()[0], node.AddConstant("shape", IntegerList(shape))});
  return absl::OkStatus();
}

absl::Status ConvertReshape(NodeConversion& node) {
  Attributes attributes;
  if (node.opset() >= 14 && node.attributes().Int("allowzero", 0) != 0) {
    attributes["allowzero"] = int64_t{1};
  }
  node.Emit("Reshape", node.inputs(), std::move(attributes));
  return absl::OkStatus();
}

absl::Status ConvertTranspose(NodeConversion& node) {
  const std::vector<int64_t> perm = node.attributes().Ints("perm");
  const auto x = node.shape(0);
  bool reversed = x && perm.size() == static_cast<size_t>(x->rank());
  for (size_t i = 0; reversed && i < perm.size(); ++i) {
    reversed = perm[i] == static_cast<int64_t>(perm.size() - 1 - i);
  }
  Attributes attributes;
  if (!perm.empty() && !reversed) attributes["perm"] = perm;
  node.Emit("Transpose", node.inputs(), std::move(attributes));
  return absl::OkStatus();
}

}  // namespace rectifier
