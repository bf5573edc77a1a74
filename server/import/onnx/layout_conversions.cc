#include <cmath>
#include <set>
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

// A constant list of i64 or i32; UNIMPLEMENTED when it is computed.
absl::StatusOr<std::vector<int64_t>> ReadIntegers(const NodeConversion& node, size_t input,
                                                  std::string_view name) {
  const Tensor* tensor = node.constant(input);
  if (tensor == nullptr) {
    return Unimplemented(node.place(), "input {} ({}): only a constant is supported", input, name);
  }
  if (tensor->dtype() == DType::kInt32) {
    const auto data = tensor->data<int32_t>();
    return std::vector<int64_t>(data.begin(), data.end());
  }
  if (tensor->dtype() != DType::kInt64) {
    return InvalidArgument(node.place(), "input {} ({}): expected i64 or i32, got {}", input, name,
                           Name(tensor->dtype()));
  }
  const auto data = tensor->data<int64_t>();
  return std::vector<int64_t>(data.begin(), data.end());
}

// Opset 18: pads for the dimensions that `axes` lists, made into pads for all of them.
absl::StatusOr<ValueId> SpreadPads(NodeConversion& node, int rank) {
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<int64_t> pads, ReadIntegers(node, 1, "pads"));
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<int64_t> axes, ReadIntegers(node, 3, "axes"));
  if (pads.size() != 2 * axes.size()) {
    return InvalidArgument(node.place(), "input 1 (pads): expected {} pads for {} axes, got {}",
                           2 * axes.size(), axes.size(), pads.size());
  }
  std::vector<int64_t> all(2 * static_cast<size_t>(rank), 0);
  std::set<int> seen;
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto axis = NormalizeAxis(node.place(), axes[i], rank);
    if (!axis.ok() || !seen.insert(*axis).second) {
      return InvalidArgument(node.place(), "input 3 (axes): {} is not an axis of rank {}, or twice",
                             axes[i], rank);
    }
    all[static_cast<size_t>(*axis)] = pads[i];
    all[static_cast<size_t>(*axis) + static_cast<size_t>(rank)] = pads[axes.size() + i];
  }
  return node.AddConstant("pads", IntegerList(all));
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
  std::vector<ValueId> inputs = {node.inputs()[0], node.inputs()[1]};
  const auto x = node.shape(0);
  if (node.HasInput(3) && x) {
    RECTIFIER_ASSIGN_OR_RETURN(inputs[1], SpreadPads(node, x->rank()));
  }
  if (node.HasInput(2) && !IsZero(node.constant(2))) inputs.push_back(node.inputs()[2]);
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
