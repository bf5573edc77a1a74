#include "server/import/keras/activation_layers.h"

#include <algorithm>
#include <array>

#include "server/core/status.h"
#include "server/import/keras/activations.h"
#include "server/import/keras/layers.h"
#include "server/ops/rectifier.h"

namespace rectifier {
namespace {

// x for x > 0, else alpha · (exp(x) − 1)
absl::StatusOr<ValueId> Elu(LayerCall& call, ValueId x, LayerConfig& config) {
  return call.Add("Elu", {x}, {{"alpha", config.Float("alpha", 1)}});
}

// Keras 2 calls the slope alpha, Keras 3 negative_slope; both read what the other writes.
absl::StatusOr<ValueId> LeakyRelu(LayerCall& call, ValueId x, LayerConfig& config) {
  const float slope = config.Float("negative_slope", config.Float("alpha", 0.3F));
  return ApplyRelu(call, x, {.negative_slope = slope, .origin = kOriginLeakyRelu});
}

// One slope for each element of a sample, or for all along the axes in shared_axes (the batch is
// axis 0, so they begin at 1).
absl::StatusOr<ValueId> PRelu(LayerCall& call, ValueId x, LayerConfig& config) {
  if (call.rank(x) < 1) {
    return InvalidArgument(call.place(), "expected an input with a batch axis");
  }
  Shape slope(call.shape(x).dims().subspan(1));
  for (const int64_t axis : config.Ints("shared_axes")) {
    if (axis < 1 || axis > slope.rank()) {
      return config.Wrong("shared_axes", fmt::format("axes from 1 to {}", slope.rank()));
    }
    slope[static_cast<int>(axis) - 1] = 1;
  }
  if (!slope.IsStatic()) {
    return InvalidArgument(
        call.place(), "its slopes differ along an axis of unknown size, its input has shape {}",
        call.shape(x).ToString());
  }
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId alpha, call.WeightConstant("alpha", slope));
  RECTIFIER_ASSIGN_OR_RETURN(const auto values, call.Weight("alpha", slope));
  RECTIFIER_RETURN_IF_ERROR(CheckSlopeIsFinite(call.place(), *values));
  return call.Rectifier(x, alpha, kOriginPRelu);
}

// The layer ReLU of Keras 2 and 3; before 2.2 its only setting was max_value.
absl::StatusOr<ValueId> Relu(LayerCall& call, ValueId x, LayerConfig& config) {
  const float slope = config.Float("negative_slope", 0);
  return ApplyRelu(call, x,
                   {.negative_slope = slope,
                    .threshold = config.Float("threshold", 0),
                    .max_value = config.MaybeFloat("max_value"),
                    .origin = slope == 0 ? kOriginRelu : kOriginLeakyRelu});
}

// exp(x − m) / Σ exp(x − m), with m the largest x, along the axes
absl::StatusOr<ValueId> SoftmaxOverAxes(LayerCall& call, ValueId x,
                                        const std::vector<int64_t>& axes) {
  const ValueId list = call.Integers(axes);
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId largest, call.Add("ReduceMax", {x, list}));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId less, call.Add("Sub", {x, largest}));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId power, call.Add("Exp", {less}));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId sum, call.Add("ReduceSum", {power, list}));
  return call.Add("Div", {power, sum});
}

absl::StatusOr<ValueId> Softmax(LayerCall& call, ValueId x, LayerConfig& config) {
  std::vector<int64_t> axes = config.Ints("axis", {-1});
  for (int64_t& axis : axes) {
    RECTIFIER_ASSIGN_OR_RETURN(axis, call.Axis("axis", axis, x));
  }
  if (axes.empty()) return config.Wrong("axis", "one or more axes");
  if (axes.size() > 1) return SoftmaxOverAxes(call, x, axes);
  Attributes attributes;
  if (axes[0] != call.rank(x) - 1) attributes["axis"] = axes[0];
  return call.Add("Softmax", {x}, std::move(attributes));
}

// x for x > theta, else 0
absl::StatusOr<ValueId> ThresholdedRelu(LayerCall& call, ValueId x, LayerConfig& config) {
  return call.Add("ThresholdedRelu", {x}, {{"alpha", config.Float("theta", 1)}});
}

constexpr std::array kActivationLayers = {
    ActivationLayer{"ELU", Elu},         ActivationLayer{"LeakyReLU", LeakyRelu},
    ActivationLayer{"PReLU", PRelu},     ActivationLayer{"ReLU", Relu},
    ActivationLayer{"Softmax", Softmax}, ActivationLayer{"ThresholdedReLU", ThresholdedRelu},
};

template <typename Apply>
absl::StatusOr<ValueId> ApplyToInput(LayerCall& call, const Apply& apply) {
  RECTIFIER_ASSIGN_OR_RETURN(ValueId x, call.Input());
  RECTIFIER_ASSIGN_OR_RETURN(x, call.AsFloat(x));
  return apply(call, x, call.config());
}

}  // namespace

const ActivationLayer* FindActivationLayer(std::string_view class_name) {
  const auto found =
      std::find_if(kActivationLayers.begin(), kActivationLayers.end(),
                   [&](const ActivationLayer& layer) { return layer.class_name == class_name; });
  return found == kActivationLayers.end() ? nullptr : &*found;
}

absl::StatusOr<ValueId> ConvertActivation(LayerCall& call) {
  RECTIFIER_ASSIGN_OR_RETURN(ValueId x, call.Input());
  RECTIFIER_ASSIGN_OR_RETURN(x, call.AsFloat(x));
  return ApplyActivationSetting(call, x);
}

absl::StatusOr<ValueId> ConvertElu(LayerCall& call) { return ApplyToInput(call, Elu); }
absl::StatusOr<ValueId> ConvertLeakyRelu(LayerCall& call) { return ApplyToInput(call, LeakyRelu); }
absl::StatusOr<ValueId> ConvertPRelu(LayerCall& call) { return ApplyToInput(call, PRelu); }
absl::StatusOr<ValueId> ConvertRelu(LayerCall& call) { return ApplyToInput(call, Relu); }
absl::StatusOr<ValueId> ConvertSoftmax(LayerCall& call) { return ApplyToInput(call, Softmax); }
absl::StatusOr<ValueId> ConvertThresholdedRelu(LayerCall& call) {
  return ApplyToInput(call, ThresholdedRelu);
}

std::vector<WeightSpec> PReluWeights(LayerConfig& /*config*/) { return {{"alpha"}}; }

}  // namespace rectifier
