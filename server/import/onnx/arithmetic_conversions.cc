#include <utility>

#include "server/core/status.h"
#include "server/import/onnx/constant_decoder.h"
#include "server/import/onnx/conversions.h"

namespace rectifier {
namespace {

ValueId Cast(NodeConversion& node, ValueId x, DType to, std::string_view suffix) {
  return node.Add("Cast", {x}, suffix, {{"to", std::string(Name(to))}});
}

void EmitCast(NodeConversion& node, DType to) {
  node.Emit("Cast", {node.inputs()[0]}, {{"to", std::string(Name(to))}});
}

// f16, bf16 and f64 are computed in f32.
DType Computed(DType dtype) {
  return dtype == DType::kFloat16 || dtype == DType::kBFloat16 || dtype == DType::kFloat64
             ? DType::kFloat32
             : dtype;
}

}  // namespace

// With `broadcast`, b's dimensions are a's from `axis` on, by default its last ones.
absl::Status ConvertLegacyBinary(NodeConversion& node) {
  NodeAttributes& in = node.attributes();
  in.Ignore("consumed_inputs");
  const bool broadcast = in.Int("broadcast", 0) != 0;
  const bool has_axis = in.Has("axis");
  int64_t axis = in.Int("axis", 0);
  std::vector<ValueId> inputs = node.inputs();
  const auto a = node.shape(0);
  const auto b = node.shape(1);
  if (broadcast && has_axis && a && b) {
    if (axis < 0) axis += a->rank();
    const int64_t after = axis < 0 ? -1 : a->rank() - axis - b->rank();
    if (after < 0) {
      return InvalidArgument(node.place(), "attribute axis: shape {} does not fit into {} there",
                             b->ToString(), a->ToString());
    }
    if (after > 0) {
      if (!b->IsStatic()) {
        return Unimplemented(node.place(), "attribute axis: input 1's shape {} must be known",
                             b->ToString());
      }
      Shape shape = *b;
      for (int64_t i = 0; i < after; ++i) shape.push_back(1);
      inputs[1] = node.Reshaped(1, shape, "b");
    }
  }
  node.Emit(node.op_type(), std::move(inputs));
  return absl::OkStatus();
}

// Max, Min, Sum and Mean of any number of inputs, two at a time.
absl::Status ConvertVariadic(NodeConversion& node) {
  node.attributes().Ignore("consumed_inputs");
  const bool mean = node.op_type() == "Mean";
  const std::string_view op = mean || node.op_type() == "Sum" ? "Add" : node.op_type();
  const std::vector<ValueId>& inputs = node.inputs();
  if (inputs.size() == 1) {
    node.Emit("Identity", {inputs[0]});
    return absl::OkStatus();
  }
  ValueId so_far = inputs[0];
  for (size_t i = 1; i < inputs.size(); ++i) {
    if (i + 1 == inputs.size() && !mean) {
      node.Emit(op, {so_far, inputs[i]});
    } else {
      so_far = node.Add(op, {so_far, inputs[i]}, fmt::format("{}", i));
    }
  }
  if (mean) {
    const auto count = static_cast<float>(inputs.size());
    node.Emit("Div", {so_far, node.AddConstant("count", Tensor::Scalar(count))});
  }
  return absl::OkStatus();
}

// The exponent may be of another type than the base, whose type the result has.
absl::Status ConvertPow(NodeConversion& node) {
  const auto base = node.dtype(0);
  const auto exponent = node.dtype(1);
  const std::vector<ValueId>& inputs = node.inputs();
  if (!base || !exponent || *base == *exponent) {
    node.Emit("Pow", inputs);
  } else if (*base == DType::kFloat32) {
    node.Emit("Pow", {inputs[0], Cast(node, inputs[1], *base, "exponent")});
  } else {
    const ValueId power = node.Add("Pow",
                                   {Cast(node, inputs[0], DType::kFloat32, "base"),
                                    Cast(node, inputs[1], DType::kFloat32, "exponent")},
                                   "power");
    node.Emit("Cast", {power}, {{"to", std::string(Name(*base))}});
  }
  return absl::OkStatus();
}

// Before opset 6 `to` is the name of the type.
absl::Status ConvertCast(NodeConversion& node) {
  NodeAttributes& in = node.attributes();
  in.Ignore("saturate");  // of 8-bit floats
  std::optional<DType> to;
  std::string text;
  if (node.opset() < 6) {
    text = in.String("to", "");
    to = ElementTypeNamed(text);
  } else {
    const int64_t number = in.Int("to", 0);
    text = ElementTypeName(static_cast<int>(number));
    to = ElementTypeOf(static_cast<int>(number));
  }
  if (!to) {
    return Unimplemented(node.place(), "attribute to: the element type {} is not supported", text);
  }
  EmitCast(node, Computed(*to));
  return absl::OkStatus();
}

absl::Status ConvertCastLike(NodeConversion& node) {
  node.attributes().Ignore("saturate");
  EmitCast(node, node.dtype(1).value_or(DType::kFloat32));
  return absl::OkStatus();
}

// Before opset 11 the bounds are attributes, without effect when they are left out.
absl::Status ConvertLegacyClip(NodeConversion& node) {
  NodeAttributes& in = node.attributes();
  in.Ignore("consumed_inputs");
  std::vector<ValueId> inputs = {node.inputs()[0]};
  const bool has_max = in.Has("max");
  if (in.Has("min")) {
    inputs.push_back(node.AddConstant("min", Tensor::Scalar(in.Float("min", 0))));
  } else if (has_max) {
    inputs.push_back(kNoValue);
  }
  if (has_max) inputs.push_back(node.AddConstant("max", Tensor::Scalar(in.Float("max", 0))));
  node.Emit("Clip", std::move(inputs));
  return absl::OkStatus();
}

// Before opset 7 `broadcast` allows c to be smaller than the product, as it always may be since.
absl::Status ConvertGemm(NodeConversion& node) {
  NodeAttributes& in = node.attributes();
  if (node.opset() < 7) in.Ignore("broadcast");
  const float alpha = in.Float("alpha", 1);
  const float beta = in.Float("beta", 1);
  const int64_t transpose_a = in.Int("transA", 0);
  const int64_t transpose_b = in.Int("transB", 0);
  // ONNX counts any number but 0 as true.
  Attributes attributes;
  if (alpha != 1) attributes["alpha"] = alpha;
  if (beta != 1 && node.HasInput(2)) attributes["beta"] = beta;
  if (transpose_a != 0) attributes["transA"] = int64_t{1};
  if (transpose_b != 0) attributes["transB"] = int64_t{1};
  node.Emit("Gemm", node.inputs(), std::move(attributes));
  return absl::OkStatus();
}

}  // namespace rectifier
