#include <algorithm>
#include <span>

#include "server/core/status.h"
#include "server/import/keras/activations.h"
#include "server/import/keras/layers.h"
#include "server/import/keras/rearrange.h"
#include "server/import/keras/spatial.h"

// Keras's kernels are [spatial…, in / groups, out], those of depthwise convolutions [spatial…, in,
// multiplier], those of transposed ones [spatial…, out, in]; the graph's are [out, in / groups,
// spatial…], and [in, out, spatial…] for transposed ones.

namespace rectifier {
namespace {

// The settings that all have, for `axes` spatial dimensions.
struct ConvolutionSettings {
  std::vector<int64_t> kernel;
  std::vector<int64_t> strides;
  std::vector<int64_t> dilations;
  bool use_bias;
};

ConvolutionSettings ReadSettings(LayerConfig& config, size_t axes) {
  return {config.Tuple("kernel_size", axes, 1), config.Tuple("strides", axes, 1),
          config.Tuple("dilation_rate", axes, 1), config.Bool("use_bias", true)};
}

Shape KernelShape(const std::vector<int64_t>& kernel, int64_t a, int64_t b) {
  Shape shape{std::span<const int64_t>(kernel)};
  shape.push_back(a);
  shape.push_back(b);
  return shape;
}

// Axes `first` and `second` behind the spatial ones come first, in that order.
Rearrangement ChannelsInFront(size_t axes, int64_t first, int64_t second) {
  Rearrangement to;
  to.perm = {static_cast<int64_t>(axes) + first, static_cast<int64_t>(axes) + second};
  for (size_t axis = 0; axis < axes; ++axis) to.perm.push_back(static_cast<int64_t>(axis));
  return to;
}

// Convolutions of Theano read their kernels backwards.
void FlipSpatial(Rearrangement& to, size_t axes) {
  for (size_t axis = 0; axis < axes; ++axis) to.flipped.push_back(static_cast<int>(axis));
}

absl::StatusOr<ValueId> Kernel(LayerCall& call, std::string_view name, const Shape& expected,
                               const Rearrangement& to) {
  return call.Constant(name, [&]() -> absl::StatusOr<Tensor> {
    RECTIFIER_ASSIGN_OR_RETURN(const auto kernel, call.Weight(name, expected));
    return Rearranged(*kernel, to);
  });
}

// A depthwise kernel as one of `channels` groups: [in · multiplier, 1, spatial…].
absl::StatusOr<ValueId> DepthwiseKernel(LayerCall& call, std::string_view name,
                                        const std::vector<int64_t>& kernel, int64_t channels,
                                        int64_t multiplier) {
  const size_t axes = kernel.size();
  return call.Constant(name, [&]() -> absl::StatusOr<Tensor> {
    RECTIFIER_ASSIGN_OR_RETURN(const auto weight,
                               call.Weight(name, KernelShape(kernel, channels, multiplier)));
    RECTIFIER_ASSIGN_OR_RETURN(const Tensor moved,
                               Rearranged(*weight, ChannelsInFront(axes, 0, 1)));
    Shape shape{channels * multiplier, 1};
    for (const int64_t size : kernel) shape.push_back(size);
    return Tensor::From<float>(shape, moved.data<float>());
  });
}

absl::Status AddBias(LayerCall& call, bool use_bias, int64_t filters,
                     std::vector<ValueId>& inputs) {
  if (!use_bias) return absl::OkStatus();
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId bias, call.WeightConstant("bias", Shape{filters}));
  inputs.push_back(bias);
  return absl::OkStatus();
}

absl::StatusOr<ValueId> Finish(LayerCall& call, const SpatialInput& input, ValueId y) {
  RECTIFIER_ASSIGN_OR_RETURN(y, InOrderOf(input, call, y));
  return ApplyActivationSetting(call, y);
}

absl::Status CheckChannels(LayerCall& call, const SpatialInput& input) {
  if (input.channels > 0) return absl::OkStatus();
  return InvalidArgument(call.place(), "the number of its input's channels must be known");
}

// What output_padding adds and padding takes away, for one axis of a transposed convolution.
struct TransposedPadding {
  int64_t begin;
  int64_t end;
  int64_t extra;  // output_padding
};

// "same" gives size · stride elements, or with an output padding p (size − 1) · stride +
// extent mod 2 + p; "valid" at least the extent and the stride. Of an odd total the smaller part is
// taken off the beginning.
TransposedPadding TransposedPaddingOf(bool same, int64_t extent, int64_t stride,
                                      std::optional<int64_t> padding) {
  int64_t end = 0;
  int64_t begin = 0;
  if (same) {
    const int64_t grown = padding ? extent % 2 + *padding : stride;  // beyond (size − 1) · stride
    const int64_t total = extent - grown;                            // to be taken off
    const int64_t kept = extent - 2 + grown;
    const int64_t left = std::min(kept / 2 + kept % 2, extent - 1);
    begin = extent - 1 - left;
    end = total - begin;
  } else {
    end = -padding.value_or(std::max<int64_t>(0, stride - extent));
  }
  return {begin, std::max<int64_t>(0, end), std::max<int64_t>(0, -end)};
}

}  // namespace

std::vector<WeightSpec> KernelAndBias(LayerConfig& config) {
  std::vector<WeightSpec> specs = {{"kernel"}};
  if (config.Bool("use_bias", true)) specs.push_back({"bias"});
  for (const WeightSpec& spec : ActivationWeights(config)) specs.push_back(spec);
  return specs;
}

std::vector<WeightSpec> SeparableWeights(LayerConfig& config) {
  std::vector<WeightSpec> specs = {{"depthwise_kernel"}, {"pointwise_kernel"}};
  if (config.Bool("use_bias", true)) specs.push_back({"bias"});
  for (const WeightSpec& spec : ActivationWeights(config)) specs.push_back(spec);
  return specs;
}

absl::StatusOr<ValueId> ConvertConv(LayerCall& call, size_t axes) {
  const ConvolutionSettings settings = ReadSettings(call.config(), axes);
  const int64_t filters = call.config().Int("filters", 0);
  const int64_t groups = call.config().Int("groups", 1);
  RECTIFIER_ASSIGN_OR_RETURN(const SpatialInput input, ReadSpatialInput(call, axes));
  RECTIFIER_RETURN_IF_ERROR(CheckChannels(call, input));
  if (filters < 1) return call.config().Wrong("filters", "a number from 1 on");
  if (groups < 1 || input.channels % groups != 0 || filters % groups != 0) {
    return call.config().Wrong(
        "groups", fmt::format("a divisor of {} channels and {} filters", input.channels, filters));
  }
  RECTIFIER_ASSIGN_OR_RETURN(
      Attributes attributes,
      PaddingAttributes(call, input, settings.kernel, settings.strides, settings.dilations));
  PutList(attributes, "strides", settings.strides, 1);
  PutList(attributes, "dilations", settings.dilations, 1);
  if (groups != 1) attributes["group"] = groups;
  Rearrangement to = ChannelsInFront(axes, 1, 0);
  if (call.flip_kernels()) FlipSpatial(to, axes);
  RECTIFIER_ASSIGN_OR_RETURN(
      const ValueId kernel,
      Kernel(call, "kernel", KernelShape(settings.kernel, input.channels / groups, filters), to));
  std::vector<ValueId> inputs = {input.x, kernel};
  RECTIFIER_RETURN_IF_ERROR(AddBias(call, settings.use_bias, filters, inputs));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId y,
                             call.Add("Conv", std::move(inputs), std::move(attributes)));
  return Finish(call, input, y);
}

absl::StatusOr<ValueId> ConvertDepthwiseConv(LayerCall& call, size_t axes) {
  const ConvolutionSettings settings = ReadSettings(call.config(), axes);
  const int64_t multiplier = call.config().Tuple("depth_multiplier", 1, 1)[0];
  RECTIFIER_ASSIGN_OR_RETURN(const SpatialInput input, ReadSpatialInput(call, axes));
  RECTIFIER_RETURN_IF_ERROR(CheckChannels(call, input));
  RECTIFIER_ASSIGN_OR_RETURN(
      Attributes attributes,
      PaddingAttributes(call, input, settings.kernel, settings.strides, settings.dilations));
  PutList(attributes, "strides", settings.strides, 1);
  PutList(attributes, "dilations", settings.dilations, 1);
  if (input.channels != 1) attributes["group"] = input.channels;
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId kernel, DepthwiseKernel(call, "kernel", settings.kernel,
                                                                   input.channels, multiplier));
  std::vector<ValueId> inputs = {input.x, kernel};
  RECTIFIER_RETURN_IF_ERROR(AddBias(call, settings.use_bias, input.channels * multiplier, inputs));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId y,
                             call.Add("Conv", std::move(inputs), std::move(attributes)));
  return Finish(call, input, y);
}

absl::StatusOr<ValueId> ConvertSeparableConv(LayerCall& call, size_t axes) {
  const ConvolutionSettings settings = ReadSettings(call.config(), axes);
  const int64_t filters = call.config().Int("filters", 0);
  const int64_t multiplier = call.config().Tuple("depth_multiplier", 1, 1)[0];
  RECTIFIER_ASSIGN_OR_RETURN(const SpatialInput input, ReadSpatialInput(call, axes));
  RECTIFIER_RETURN_IF_ERROR(CheckChannels(call, input));
  if (filters < 1) return call.config().Wrong("filters", "a number from 1 on");
  RECTIFIER_ASSIGN_OR_RETURN(
      Attributes attributes,
      PaddingAttributes(call, input, settings.kernel, settings.strides, settings.dilations));
  PutList(attributes, "strides", settings.strides, 1);
  PutList(attributes, "dilations", settings.dilations, 1);
  if (input.channels != 1) attributes["group"] = input.channels;
  RECTIFIER_ASSIGN_OR_RETURN(
      const ValueId depthwise,
      DepthwiseKernel(call, "depthwise_kernel", settings.kernel, input.channels, multiplier));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId between,
                             call.Add("Conv", {input.x, depthwise}, std::move(attributes)));
  const std::vector<int64_t> ones(axes, 1);
  RECTIFIER_ASSIGN_OR_RETURN(
      const ValueId pointwise,
      Kernel(call, "pointwise_kernel", KernelShape(ones, input.channels * multiplier, filters),
             ChannelsInFront(axes, 1, 0)));
  std::vector<ValueId> inputs = {between, pointwise};
  RECTIFIER_RETURN_IF_ERROR(AddBias(call, settings.use_bias, filters, inputs));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId y, call.Add("Conv", std::move(inputs)));
  return Finish(call, input, y);
}

absl::StatusOr<ValueId> ConvertConvTranspose(LayerCall& call, size_t axes) {
  const ConvolutionSettings settings = ReadSettings(call.config(), axes);
  const int64_t filters = call.config().Int("filters", 0);
  const std::string padding = call.config().String("padding", "valid");
  std::optional<std::vector<int64_t>> output_padding;
  if (call.config().Has("output_padding")) {
    output_padding = call.config().Tuple("output_padding", axes, 0, 0);
  }
  RECTIFIER_ASSIGN_OR_RETURN(const SpatialInput input, ReadSpatialInput(call, axes));
  RECTIFIER_RETURN_IF_ERROR(CheckChannels(call, input));
  if (filters < 1) return call.config().Wrong("filters", "a number from 1 on");
  if (padding != "same" && padding != "valid") {
    return call.config().Wrong("padding", "valid or same");
  }
  std::vector<int64_t> pads(2 * axes);
  std::vector<int64_t> extra(axes);
  for (size_t i = 0; i < axes; ++i) {
    const int64_t extent = (settings.kernel[i] - 1) * settings.dilations[i] + 1;
    const TransposedPadding of_axis =
        TransposedPaddingOf(padding == "same", extent, settings.strides[i],
                            output_padding ? std::optional((*output_padding)[i]) : std::nullopt);
    pads[i] = of_axis.begin;
    pads[axes + i] = of_axis.end;
    extra[i] = of_axis.extra;
  }
  Attributes attributes;
  PutList(attributes, "strides", settings.strides, 1);
  PutList(attributes, "dilations", settings.dilations, 1);
  PutList(attributes, "pads", pads, 0);
  PutList(attributes, "output_padding", extra, 0);
  Rearrangement to = ChannelsInFront(axes, 1, 0);
  if (call.flip_kernels()) FlipSpatial(to, axes);
  RECTIFIER_ASSIGN_OR_RETURN(
      const ValueId kernel,
      Kernel(call, "kernel", KernelShape(settings.kernel, filters, input.channels), to));
  std::vector<ValueId> inputs = {input.x, kernel};
  RECTIFIER_RETURN_IF_ERROR(AddBias(call, settings.use_bias, filters, inputs));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId y,
                             call.Add("ConvTranspose", std::move(inputs), std::move(attributes)));
  return Finish(call, input, y);
}

}  // namespace rectifier
