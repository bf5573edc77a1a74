#include <cmath>
#include <string>

#include "server/core/status.h"
#include "server/import/onnx/conversions.h"
#include "server/ops/broadcast.h"
#include "server/ops/node_types.h"
#include "server/ops/rectifier.h"

namespace rectifier {
namespace {

void EmitRectifier(NodeConversion& node, ValueId slope, std::string_view origin) {
  node.Emit("Rectifier", {node.inputs()[0], slope}, {{"origin", std::string(origin)}});
}

// The slope of a PRelu as an input that broadcasts into x from the end, which is how the graph's
// Rectifier reads it. ONNX before opset 7: one slope is shared, several belong to axis 1. From
// opset 7 on: broadcast from the end; where that fails, MXNet's exporter (ArcFace and its like)
// still means axis 1. (Beside a dynamic dimension, which may turn out to fit, the rule stands.)
absl::StatusOr<ValueId> AlignSlope(NodeConversion& node, const Shape& x, const Shape& slope) {
  const ValueId as_it_is = node.inputs()[1];
  const bool legacy = node.opset() < 7;
  const bool fits = BroadcastsInto(slope, x);
  if (slope.IsStatic() && slope.ElementCount() == 1) {
    return fits ? as_it_is : node.Reshaped(1, Shape{}, "slope");
  }
  const bool per_channel = slope.rank() == 1 && x.rank() >= 2 && DimsAgree(slope[0], x[1]);
  if (per_channel && (legacy || !fits)) {
    if (x.rank() == 2) return as_it_is;
    if (!legacy) {
      node.Warn(
          fmt::format("slope of shape {} does not broadcast from the end of {}; it is taken "
                      "to be of axis 1",
                      slope.ToString(), x.ToString()));
    }
    Shape shape{slope[0]};
    for (int axis = 2; axis < x.rank(); ++axis) shape.push_back(1);
    return node.Reshaped(1, shape, "slope");
  }
  if (!legacy) return as_it_is;
  // (C, 1, 1) is no legal spelling here, yet says the same in both.
  const Shape padded = fits ? PadRank(slope, x.rank()) : slope;
  for (int axis = 0; axis < padded.rank(); ++axis) {
    if (!fits || (axis != 1 && padded[axis] != 1)) {
      return InvalidArgument(node.place(),
                             "input 1 (slope): shape {} is neither one slope nor one for each "
                             "channel of {}",
                             slope.ToString(), x.ToString());
    }
  }
  return as_it_is;
}

}  // namespace

absl::Status ConvertRelu(NodeConversion& node) {
  node.attributes().Ignore("consumed_inputs");
  EmitRectifier(node, node.AddConstant("slope", Tensor::Scalar(0)), kOriginRelu);
  return absl::OkStatus();
}

absl::Status ConvertLeakyRelu(NodeConversion& node) {
  node.attributes().Ignore("consumed_inputs");
  const float alpha = node.attributes().Float("alpha", 0.01F);
  if (!std::isfinite(alpha)) {
    return InvalidArgument(node.place(), "attribute alpha: {} is not finite", alpha);
  }
  EmitRectifier(node, node.AddConstant("slope", Tensor::Scalar(alpha)), kOriginLeakyRelu);
  return absl::OkStatus();
}

absl::Status ConvertPRelu(NodeConversion& node) {
  node.attributes().Ignore("consumed_inputs");
  if (const Tensor* slope = node.constant(1)) {
    RECTIFIER_RETURN_IF_ERROR(CheckSlopeIsFinite(node.place(), *slope));
  }
  ValueId slope = node.inputs()[1];
  const auto x_shape = node.shape(0);
  const auto slope_shape = node.shape(1);
  if (x_shape && slope_shape) {
    RECTIFIER_ASSIGN_OR_RETURN(slope, AlignSlope(node, *x_shape, *slope_shape));
  }
  EmitRectifier(node, slope, kOriginPRelu);
  return absl::OkStatus();
}

// Before opset 13 all dimensions from `axis` on (default 1) are one; that is the same as one axis
// when it is the last.
absl::Status ConvertSoftmax(NodeConversion& node) {
  const bool flatten = node.opset() < 13;
  int64_t axis = node.attributes().Int("axis", flatten ? 1 : -1);
  const auto x = node.shape(0);
  if (x && axis < 0 && axis >= -x->rank()) axis += x->rank();
  Attributes attributes;
  const bool last = axis == -1 || (x && axis == x->rank() - 1);
  if (!last) {
    attributes["axis"] = axis;
    if (flatten) attributes["flatten"] = int64_t{1};
  }
  node.Emit(node.op_type(), node.inputs(), std::move(attributes));
  return absl::OkStatus();
}

}  // namespace rectifier
