#include <algorithm>
#include <cmath>
#include <set>
#include <span>

#include "server/core/status.h"
#include "server/import/keras/layers.h"
#include "server/import/keras/norm.h"

namespace rectifier {
namespace {

// backend.epsilon(), which some layers take where they have no setting of their own.
constexpr float kKerasEpsilon = 1e-7F;

// The input, its channels, and how to bring them to where the graph's operators have them.
struct ChannelInput {
  ValueId x = kNoValue;
  int axis = 1;
  int64_t channels = 0;
};

// `perm` with `axis` put behind the batch, or back from there.
std::vector<int64_t> AxisToSecond(int rank, int axis) {
  std::vector<int64_t> perm = {0, axis};
  for (int64_t i = 1; i < rank; ++i) {
    if (i != axis) perm.push_back(i);
  }
  return perm;
}

std::vector<int64_t> SecondToAxis(int rank, int axis) {
  std::vector<int64_t> perm;
  for (int64_t i = 0; i < rank; ++i) {
    if (i == axis) {
      perm.push_back(1);
    } else if (i == 0) {
      perm.push_back(0);
    } else {
      perm.push_back(i < axis ? i + 1 : i);
    }
  }
  return perm;
}

absl::StatusOr<ChannelInput> ReadChannelInput(LayerCall& call) {
  const std::vector<int64_t> axes = call.config().Ints("axis", {-1});
  ChannelInput input;
  RECTIFIER_ASSIGN_OR_RETURN(input.x, call.Input());
  RECTIFIER_ASSIGN_OR_RETURN(input.x, call.AsFloat(input.x));
  if (axes.size() != 1) {
    return Unimplemented(call.place(), "axis: only one axis is supported, got {}", axes.size());
  }
  RECTIFIER_ASSIGN_OR_RETURN(input.axis, call.Axis("axis", axes[0], input.x));
  if (input.axis < 1) return call.config().Wrong("axis", "an axis behind the batch");
  RECTIFIER_ASSIGN_OR_RETURN(input.channels, call.KnownDim(input.x, input.axis));
  if (input.axis > 1) {
    RECTIFIER_ASSIGN_OR_RETURN(
        input.x, call.Transpose(input.x, AxisToSecond(call.rank(input.x), input.axis)));
  }
  return input;
}

absl::StatusOr<ValueId> InOrderOf(const ChannelInput& input, LayerCall& call, ValueId y) {
  if (input.axis == 1) return y;
  return call.Transpose(y, SecondToAxis(call.rank(y), input.axis));
}

// gamma and beta, or what does nothing where the layer has none.
absl::StatusOr<std::vector<ValueId>> ScaleAndShift(LayerCall& call, const Shape& shape) {
  const auto weight = [&](std::string_view name, bool has,
                          float otherwise) -> absl::StatusOr<ValueId> {
    if (has) return call.WeightConstant(name, shape);
    return call.Constant(name, [&]() -> absl::StatusOr<Tensor> {
      constexpr int64_t kMost = int64_t{16} << 20;
      if (shape.ElementCount() > kMost) {
        return ResourceExhausted(call.place(), "more than {} elements to normalize without weights",
                                 kMost);
      }
      RECTIFIER_ASSIGN_OR_RETURN(Tensor tensor, Tensor::Allocate({DType::kFloat32, shape}));
      std::fill(tensor.data<float>().begin(), tensor.data<float>().end(), otherwise);
      return tensor;
    });
  };
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId gamma,
                             weight("gamma", call.config().Bool("scale", true), 1));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId beta,
                             weight("beta", call.config().Bool("center", true), 0));
  return std::vector<ValueId>{gamma, beta};
}

absl::StatusOr<ValueId> Reduced(LayerCall& call, std::string_view op, ValueId x,
                                const std::vector<int64_t>& axes) {
  return call.Add(op, {x, call.Integers(axes)});
}

// x / √(mean(square) + epsilon) along `axes`
absl::StatusOr<ValueId> DividedByRoot(LayerCall& call, ValueId x, ValueId square,
                                      const std::vector<int64_t>& axes, float epsilon) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId mean, Reduced(call, "ReduceMean", square, axes));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId more, call.Add("Add", {mean, call.Scalar(epsilon)}));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId root, call.Add("Sqrt", {more}));
  return call.Add("Div", {x, root});
}

// The axes of the setting `axis`, counted from the front.
absl::StatusOr<std::vector<int64_t>> ListedAxes(LayerCall& call, ValueId x) {
  std::vector<int64_t> axes;
  for (const int64_t axis : call.config().Ints("axis", {-1})) {
    RECTIFIER_ASSIGN_OR_RETURN(const int at, call.Axis("axis", axis, x));
    axes.push_back(at);
  }
  const std::set<int64_t> different(axes.begin(), axes.end());
  if (axes.empty() || different.size() != axes.size()) {
    return call.config().Wrong("axis", "different axes");
  }
  return axes;
}

absl::StatusOr<std::vector<int64_t>> SortedAxes(LayerCall& call, ValueId x) {
  RECTIFIER_ASSIGN_OR_RETURN(std::vector<int64_t> axes, ListedAxes(call, x));
  std::sort(axes.begin(), axes.end());
  return axes;
}

// The shape of a weight that varies along `axes`: as Keras has it, and as it broadcasts into x.
struct WeightShape {
  Shape own;
  Shape broadcast;
};

absl::StatusOr<WeightShape> ShapeAlong(LayerCall& call, ValueId x,
                                       const std::vector<int64_t>& axes) {
  WeightShape shape;
  for (int axis = 0; axis < call.rank(x); ++axis) shape.broadcast.push_back(1);
  for (const int64_t axis : axes) {
    RECTIFIER_ASSIGN_OR_RETURN(const int64_t dim, call.KnownDim(x, static_cast<int>(axis)));
    shape.own.push_back(dim);
    shape.broadcast[static_cast<int>(axis)] = dim;
  }
  return shape;
}

absl::StatusOr<ValueId> Broadcastable(LayerCall& call, std::string_view name,
                                      const WeightShape& shape) {
  return call.Constant(std::string(name) + ".broadcast", [&]() -> absl::StatusOr<Tensor> {
    RECTIFIER_ASSIGN_OR_RETURN(const auto weight, call.Weight(name, shape.own));
    return Tensor::From<float>(shape.broadcast, weight->data<float>());
  });
}

bool AreLast(const std::vector<int64_t>& axes, int rank) {
  return axes.back() == rank - 1 && std::is_sorted(axes.begin(), axes.end()) &&
         axes.back() - axes.front() == static_cast<int64_t>(axes.size()) - 1;
}

// The setting `name` as a constant that broadcasts into x: one number, or one for each of the last
// axis' elements.
absl::StatusOr<ValueId> SettingConstant(LayerCall& call, std::string_view name,
                                        const std::vector<float>& values) {
  return call.Constant(name, [&]() -> absl::StatusOr<Tensor> {
    if (values.size() == 1) return Tensor::Scalar(values[0]);
    return Tensor::From<float>(Shape{static_cast<int64_t>(values.size())}, values);
  });
}

}  // namespace

absl::StatusOr<ValueId> Normalized(LayerCall& call, ValueId x, const std::vector<int64_t>& axes,
                                   float epsilon) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId norm, Reduced(call, "ReduceL2", x, axes));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId divisor, call.Add("Max", {norm, call.Scalar(epsilon)}));
  return call.Add("Div", {x, divisor});
}

std::vector<WeightSpec> BatchNormalizationWeights(LayerConfig& config) {
  std::vector<WeightSpec> specs = ScaleAndCenter(config);
  specs.push_back({.name = "moving_mean", .trainable = false});
  specs.push_back({.name = "moving_variance", .trainable = false});
  return specs;
}

std::vector<WeightSpec> ScaleAndCenter(LayerConfig& config) {
  std::vector<WeightSpec> specs;
  if (config.Bool("scale", true) || config.Bool("rms_scaling", false)) specs.push_back({"gamma"});
  if (config.Bool("center", true) && !config.Bool("rms_scaling", false)) specs.push_back({"beta"});
  return specs;
}

std::vector<WeightSpec> RmsNormalizationWeights(LayerConfig& /*config*/) { return {{"scale"}}; }

// What was learned from data is a weight, what was given a setting.
std::vector<WeightSpec> NormalizationWeights(LayerConfig& config) {
  if (config.Has("mean")) return {};
  return {{.name = "mean", .trainable = false},
          {.name = "variance", .trainable = false},
          {.name = "count", .trainable = false, .optional = true}};
}

absl::StatusOr<ValueId> ConvertBatchNormalization(LayerCall& call) {
  const float epsilon = call.config().Float("epsilon", 1e-3F);
  RECTIFIER_ASSIGN_OR_RETURN(const ChannelInput input, ReadChannelInput(call));
  const Shape shape{input.channels};
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<ValueId> scale, ScaleAndShift(call, shape));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId mean, call.WeightConstant("moving_mean", shape));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId variance, call.WeightConstant("moving_variance", shape));
  RECTIFIER_ASSIGN_OR_RETURN(
      const ValueId y, call.Add("BatchNormalization", {input.x, scale[0], scale[1], mean, variance},
                                {{"epsilon", epsilon}}));
  return InOrderOf(input, call, y);
}

absl::StatusOr<ValueId> ConvertGroupNormalization(LayerCall& call) {
  const float epsilon = call.config().Float("epsilon", 1e-3F);
  int64_t groups = call.config().Int("groups", 32);
  RECTIFIER_ASSIGN_OR_RETURN(const ChannelInput input, ReadChannelInput(call));
  if (groups == -1) groups = input.channels;
  if (groups < 1 || input.channels % groups != 0) {
    return call.config().Wrong("groups", fmt::format("a divisor of {} channels", input.channels));
  }
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<ValueId> scale,
                             ScaleAndShift(call, Shape{input.channels}));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId y,
                             call.Add("GroupNormalization", {input.x, scale[0], scale[1]},
                                      {{"num_groups", groups}, {"epsilon", epsilon}}));
  return InOrderOf(input, call, y);
}

absl::StatusOr<ValueId> ConvertLayerNormalization(LayerCall& call) {
  const float epsilon = call.config().Float("epsilon", 1e-3F);
  const bool rms_scaling = call.config().Bool("rms_scaling", false);
  const bool has_gamma = call.config().Bool("scale", true) || rms_scaling;
  const bool has_beta = call.config().Bool("center", true) && !rms_scaling;
  RECTIFIER_ASSIGN_OR_RETURN(ValueId x, call.Input());
  RECTIFIER_ASSIGN_OR_RETURN(x, call.AsFloat(x));
  // Weights of Keras 2 are of the sizes of the axes as they are listed, and are read in that order
  // as if they were of the sorted ones.
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<int64_t> axes,
                             call.keras2() ? ListedAxes(call, x) : SortedAxes(call, x));
  RECTIFIER_ASSIGN_OR_RETURN(const WeightShape shape, ShapeAlong(call, x, axes));
  if (!rms_scaling && AreLast(axes, call.rank(x))) {
    RECTIFIER_ASSIGN_OR_RETURN(const std::vector<ValueId> scale, ScaleAndShift(call, shape.own));
    Attributes attributes = {{"epsilon", epsilon}};
    if (axes.size() > 1) attributes["axis"] = axes.front();
    return call.Add("LayerNormalization", {x, scale[0], scale[1]}, std::move(attributes));
  }
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId mean, Reduced(call, "ReduceMean", x, axes));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId distance, call.Add("Sub", {x, mean}));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId square, call.Add("Mul", {distance, distance}));
  // What is called RMS here divides x itself by the root of its variance.
  RECTIFIER_ASSIGN_OR_RETURN(
      ValueId y, DividedByRoot(call, rms_scaling ? x : distance, square, axes, epsilon));
  if (has_gamma) {
    RECTIFIER_ASSIGN_OR_RETURN(const ValueId gamma, Broadcastable(call, "gamma", shape));
    RECTIFIER_ASSIGN_OR_RETURN(y, call.Add("Mul", {y, gamma}));
  }
  if (has_beta) {
    RECTIFIER_ASSIGN_OR_RETURN(const ValueId beta, Broadcastable(call, "beta", shape));
    RECTIFIER_ASSIGN_OR_RETURN(y, call.Add("Add", {y, beta}));
  }
  return y;
}

// x / √(mean(x²) + epsilon) · scale
absl::StatusOr<ValueId> ConvertRmsNormalization(LayerCall& call) {
  const float epsilon = call.config().Float("epsilon", kKerasEpsilon);
  RECTIFIER_ASSIGN_OR_RETURN(ValueId x, call.Input());
  RECTIFIER_ASSIGN_OR_RETURN(x, call.AsFloat(x));
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<int64_t> axes, SortedAxes(call, x));
  RECTIFIER_ASSIGN_OR_RETURN(const WeightShape shape, ShapeAlong(call, x, axes));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId square, call.Add("Mul", {x, x}));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId y, DividedByRoot(call, x, square, axes, epsilon));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId scale, Broadcastable(call, "scale", shape));
  return call.Add("Mul", {y, scale});
}

absl::StatusOr<ValueId> ConvertUnitNormalization(LayerCall& call) {
  RECTIFIER_ASSIGN_OR_RETURN(ValueId x, call.Input());
  RECTIFIER_ASSIGN_OR_RETURN(x, call.AsFloat(x));
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<int64_t> axes, SortedAxes(call, x));
  return Normalized(call, x, axes, 1e-12F);
}

// (x − mean) / √variance along the axes that are kept, or the way back
absl::StatusOr<ValueId> ConvertNormalization(LayerCall& call) {
  const bool invert = call.config().Bool("invert", false);
  RECTIFIER_ASSIGN_OR_RETURN(ValueId x, call.Input());
  RECTIFIER_ASSIGN_OR_RETURN(x, call.AsFloat(x));
  std::vector<int64_t> axes;
  if (call.config().Has("axis") && !call.config().Find("axis")->empty()) {
    RECTIFIER_ASSIGN_OR_RETURN(axes, SortedAxes(call, x));
  }
  RECTIFIER_ASSIGN_OR_RETURN(const WeightShape shape, ShapeAlong(call, x, axes));
  std::vector<float> mean = call.config().Floats("mean");
  std::vector<float> variance = call.config().Floats("variance");
  Shape given = shape.broadcast;
  if (mean.empty()) {
    RECTIFIER_ASSIGN_OR_RETURN(const auto mean_weight, call.Weight("mean", shape.own));
    RECTIFIER_ASSIGN_OR_RETURN(const auto variance_weight, call.Weight("variance", shape.own));
    mean.assign(mean_weight->data<float>().begin(), mean_weight->data<float>().end());
    variance.assign(variance_weight->data<float>().begin(), variance_weight->data<float>().end());
  } else if (mean.size() == 1 && variance.size() == 1) {
    given = Shape{};
  }
  const auto count = static_cast<size_t>(given.ElementCount());
  if (mean.size() != count || variance.size() != count) {
    return InvalidArgument(call.place(), "mean and variance: expected {} numbers, got {} and {}",
                           count, mean.size(), variance.size());
  }
  for (float& value : variance) value = std::max(std::sqrt(value), kKerasEpsilon);
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId mean_id, call.Constant("mean.broadcast", [&] {
    return absl::StatusOr<Tensor>(Tensor::From<float>(given, std::span<const float>(mean)));
  }));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId deviation, call.Constant("deviation", [&] {
    return absl::StatusOr<Tensor>(Tensor::From<float>(given, std::span<const float>(variance)));
  }));
  if (invert) {
    RECTIFIER_ASSIGN_OR_RETURN(const ValueId scaled, call.Add("Mul", {x, deviation}));
    return call.Add("Add", {scaled, mean_id});
  }
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId centred, call.Add("Sub", {x, mean_id}));
  return call.Add("Div", {centred, deviation});
}

// x · scale + offset
absl::StatusOr<ValueId> ConvertRescaling(LayerCall& call) {
  std::vector<float> scale = call.config().Floats("scale");
  std::vector<float> offset = call.config().Floats("offset");
  RECTIFIER_ASSIGN_OR_RETURN(ValueId y, call.Input());
  RECTIFIER_ASSIGN_OR_RETURN(y, call.AsFloat(y));
  if (scale.empty()) scale = {1};
  if (offset.empty()) offset = {0};
  if (scale != std::vector<float>{1} || offset == std::vector<float>{0}) {
    RECTIFIER_ASSIGN_OR_RETURN(const ValueId by, SettingConstant(call, "scale", scale));
    RECTIFIER_ASSIGN_OR_RETURN(y, call.Add("Mul", {y, by}));
  }
  if (offset != std::vector<float>{0}) {
    RECTIFIER_ASSIGN_OR_RETURN(const ValueId by, SettingConstant(call, "offset", offset));
    RECTIFIER_ASSIGN_OR_RETURN(y, call.Add("Add", {y, by}));
  }
  return y;
}

}  // namespace rectifier
