#include <algorithm>
#include <utility>

#include "server/core/check.h"
#include "server/core/status.h"
#include "server/import/onnx/conversions.h"

// Operators whose lists were attributes in older operator sets: in the graph they are inputs.

namespace rectifier {
namespace {

// The one element of `tensor`.
Tensor Scalar(const Tensor& tensor) {
  absl::StatusOr<Tensor> scalar = Tensor::Allocate({tensor.dtype(), Shape{}});
  RECTIFIER_CHECK(scalar.ok());
  std::copy(tensor.bytes().begin(), tensor.bytes().end(), scalar->bytes().begin());
  return *std::move(scalar);
}

}  // namespace

// Squeeze, Unsqueeze and Reduce… with the attribute `axes`.
absl::Status ConvertLegacyAxes(NodeConversion& node) {
  NodeAttributes& in = node.attributes();
  std::vector<ValueId> inputs = node.inputs();
  if (in.Has("axes")) {
    inputs.push_back(node.AddIntegers("axes", in.Ints("axes")));
  } else if (node.op_type() == "Unsqueeze") {
    return InvalidArgument(node.place(), "attribute axes is required");
  }
  Attributes attributes = in.Rest();
  node.Emit(node.op_type(), std::move(inputs), std::move(attributes));
  return absl::OkStatus();
}

absl::Status ConvertLegacySlice(NodeConversion& node) {
  NodeAttributes& in = node.attributes();
  for (const std::string_view name : {"starts", "ends"}) {
    if (!in.Has(name)) return InvalidArgument(node.place(), "attribute {} is required", name);
  }
  std::vector<ValueId> inputs = {node.inputs()[0], node.AddIntegers("starts", in.Ints("starts")),
                                 node.AddIntegers("ends", in.Ints("ends"))};
  if (in.Has("axes")) inputs.push_back(node.AddIntegers("axes", in.Ints("axes")));
  node.Emit("Slice", std::move(inputs));
  return absl::OkStatus();
}

// Before opset 13 the sizes are the attribute `split` (in opset 1 also an input). From opset 18 on
// `num_outputs` repeats what the list of outputs says.
absl::Status ConvertSplit(NodeConversion& node) {
  NodeAttributes& in = node.attributes();
  std::vector<ValueId> inputs = node.inputs();
  if (node.opset() < 13 && in.Has("split")) {
    inputs.push_back(node.AddIntegers("split", in.Ints("split")));
  }
  const int64_t outputs = in.Int("num_outputs", node.output_count());
  if (outputs != node.output_count()) {
    return InvalidArgument(node.place(), "attribute num_outputs: {}, and {} outputs", outputs,
                           node.output_count());
  }
  Attributes attributes = in.Rest();
  node.EmitAll("Split", std::move(inputs), std::move(attributes));
  return absl::OkStatus();
}

absl::Status ConvertLayerNormalization(NodeConversion& node) {
  node.attributes().Ignore("stash_type");
  Attributes attributes = node.attributes().Rest();
  node.EmitAll("LayerNormalization", node.inputs(), std::move(attributes));
  return absl::OkStatus();
}

// One element, repeated.
absl::Status ConvertConstantOfShape(NodeConversion& node) {
  ValueId element = kNoValue;
  if (const onnx::TensorProto* value = node.attributes().Tensor("value")) {
    RECTIFIER_ASSIGN_OR_RETURN(const auto tensor, node.Decode("value", *value));
    if (tensor->ElementCount() != 1) {
      return InvalidArgument(node.place(), "attribute value: expected one element, got shape {}",
                             tensor->shape().ToString());
    }
    element = node.AddConstant("value", Scalar(*tensor));
  } else {
    element = node.AddConstant("value", Tensor::Scalar(0));
  }
  node.Emit("Expand", {element, node.inputs()[0]});
  return absl::OkStatus();
}

// GlobalMaxPool and GlobalLpPool reduce the spatial dimensions, and keep them as 1.
absl::Status ConvertGlobalPool(NodeConversion& node) {
  std::string_view op = "ReduceMax";
  if (node.op_type() == "GlobalLpPool") {
    const bool is_float = node.opset() < 2;
    const double p = is_float ? node.attributes().Float("p", 2)
                              : static_cast<double>(node.attributes().Int("p", 2));
    if (p != 1 && p != 2) {
      return Unimplemented(node.place(), "attribute p: only 1 and 2 are supported, got {}", p);
    }
    op = p == 1 ? "ReduceL1" : "ReduceL2";
  }
  const auto x = node.shape(0);
  std::vector<int64_t> axes;
  for (int axis = 2; x && axis < x->rank(); ++axis) axes.push_back(axis);
  if (axes.empty()) return InvalidArgument(node.place(), "input 0: expected spatial dimensions");
  node.Emit(op, {node.inputs()[0], node.AddIntegers("axes", axes)});
  return absl::OkStatus();
}

// Upsample 1 and 7 have their factors as attributes, 9 as an input; nearest takes the element at
// floor(position / factor).
absl::Status ConvertUpsample(NodeConversion& node) {
  NodeAttributes& in = node.attributes();
  std::string mode = in.String("mode", "nearest");
  if (mode == "bilinear") mode = "linear";
  ValueId scales = kNoValue;
  if (node.opset() >= 9) {
    scales = node.inputs()[1];
  } else {
    std::vector<float> factors = in.Floats("scales");
    if (node.opset() < 7) {
      factors = {1, 1, in.Float("height_scale", 1), in.Float("width_scale", 1)};
    }
    scales = node.AddConstant(
        "scales", Tensor::From<float>(Shape{static_cast<int64_t>(factors.size())}, factors));
  }
  node.Emit("Resize", {node.inputs()[0], kNoValue, scales},
            {{"mode", mode},
             {"coordinate_transformation_mode", std::string("asymmetric")},
             {"nearest_mode", std::string("floor")}});
  return absl::OkStatus();
}

// Resize 10 is Upsample 9 under a new name. From 11 on the graph's Resize is the same.
absl::Status ConvertResize(NodeConversion& node) {
  if (node.opset() < 11) return ConvertUpsample(node);
  Attributes attributes = node.attributes().Rest();
  std::vector<ValueId> inputs = node.inputs();
  const auto coordinates = attributes.find("coordinate_transformation_mode");
  const bool crop = coordinates != attributes.end() &&
                    coordinates->second == AttributeValue(std::string("tf_crop_and_resize"));
  // Exporters of opset 11 and 12 write something where nothing is read.
  if (inputs.size() > 1 && !crop) inputs[1] = kNoValue;
  node.Emit("Resize", std::move(inputs), std::move(attributes));
  return absl::OkStatus();
}

}  // namespace rectifier
