#include <algorithm>
#include <utility>

#include "server/core/status.h"
#include "server/engine/onednn/emit.h"
#include "server/engine/onednn/emit_convolution.h"
#include "server/engine/onednn/inner_product.h"
#include "server/engine/onednn/layout.h"
#include "server/engine/onednn/lowering_table.h"
#include "server/engine/onednn/phase_convolution.h"
#include "server/ops/conv_transpose.h"

namespace rectifier::onednn {
namespace {

// Weights [C, M/group, kernel…] as oneDNN sees them: [group,] M/group, C/group, kernel…, so the two
// channel dimensions change places.
Desc WeightsDesc(const Shape& w, int64_t group) {
  Dims dims = DimsOf(w);
  std::vector<int> order;
  if (group > 1) {
    dims[0] /= group;
    dims.insert(dims.begin(), group);
    order.push_back(0);
  }
  const size_t first = group > 1 ? 1 : 0;
  std::swap(dims[first], dims[first + 1]);
  order.push_back(static_cast<int>(first + 1));
  order.push_back(static_cast<int>(first));
  for (size_t i = first + 2; i < dims.size(); ++i) order.push_back(static_cast<int>(i));
  return Dense(dims, order);
}

// oneDNN 3.2 adds the bias and applies the post-ops several times where a deconvolution with
// strides (brgconv_strided) goes through its input channels in parts: found from 4096 products for
// each output on, and in none of 448 cases with 3.7. There they are steps of their own.
bool CanFuse(const Window& window, const Shape& weights) {
  const dnnl_version_t* version = dnnl_version();
  if (version->major > 3 || (version->major == 3 && version->minor >= 7)) return true;
  const bool strided = std::any_of(window.strides.begin(), window.strides.end(),
                                   [](int64_t stride) { return stride > 1; });
  constexpr int64_t kSafeProducts = 2048;
  int64_t products = weights[0];
  for (const int64_t size : window.kernel) products *= size;
  return !strided || products < kSafeProducts;
}

// How oneDNN 3.2 adds up depends on the batch and on the threads, so that each sample is one
// primitive's, on as many threads in every batch.
void TakeSamplesOneByOne(const Node& node, ProgramBuilder& builder, Convolution& c) {
  builder.ForOneSample(node);
  Dims x = c.x.desc.get_dims();
  Dims y = c.y.desc.get_dims();
  const int64_t samples = x[0];
  if (samples <= 1) return;
  c.pieces = {1,
              samples,
              {0, static_cast<int64_t>(c.x.desc.get_size()) / samples},
              {0, static_cast<int64_t>(c.y.desc.get_size()) / samples}};
  x[0] = y[0] = 1;
  c.x.desc = ChannelsLast(x);
  c.y.desc = ChannelsLast(y);
}

// A single position is multiplied by every tap: an inner product whose columns are the taps, and in
// each of them the channels.
bool IsInnerProduct(const ConvTransposeAttributes& attributes, const Window& window,
                    const Shape& x) {
  bool plain = attributes.group == 1;
  for (size_t i = 0; i < window.kernel.size(); ++i) {
    plain = plain && SpatialDims(x)[i] == 1 && window.pads_begin[i] == 0 &&
            window.output[i] == window.kernel[i] && window.dilations[i] == 1;
  }
  return plain;
}

Operand EmitAsInnerProduct(const Node& node, ProgramBuilder& builder) {
  const ValueId w_id = node.inputs[1];
  const Shape& w = builder.shape(w_id);
  const Shape& y = builder.shape(node.outputs[0]);
  const int64_t taps = w.ElementCount() / (w[0] * w[1]);
  std::optional<Operand> bias;
  if (HasBias(node)) bias = RepeatedChannels(builder, node.inputs[2], w[1], taps);
  // [C, M, taps] as [taps, M, C].
  const auto& tensor = builder.graph().value(w_id).constant;
  const WeightSource weights{w_id,
                             {taps * w[1], w[0], 1, 1},
                             "taps and channels",
                             [&builder, tensor, taps](const Desc& wanted) {
                               const Shape& shape = tensor->shape();
                               const Dims dims = {taps, shape[1], shape[0]};
                               PackedWeight turned = builder.weights().Reorder(
                                   *tensor, Dense(dims, {2, 1, 0}), RowMajor(dims));
                               turned.desc = RowMajor(Dims{taps * shape[1], shape[0], 1, 1});
                               return builder.weights().Reorder(std::move(turned), wanted);
                             }};
  const Operand x = builder.GetRowMajor(node.inputs[0]);
  const Operand result = EmitInnerProduct(
      builder, node, {x, y[0], w[0], taps * w[1], weights, bias}, PostOpResult{.repeats = taps});
  return {result.buffer, ChannelsLast(y)};
}

}  // namespace

absl::Status LowerConvTranspose(const Node& node, ProgramBuilder& builder) {
  RECTIFIER_ASSIGN_OR_RETURN(const ConvTransposeAttributes attributes,
                             ConvTransposeAttributes::Read(node));
  const ValueId w_id = node.inputs[1];
  if (builder.graph().constant(w_id) == nullptr) {
    return Unimplemented(Place(node), "weights that are not constant");
  }
  const Shape& x_shape = builder.shape(node.inputs[0]);
  RECTIFIER_ASSIGN_OR_RETURN(
      const Window window,
      ConvTransposeWindow(Place(node), attributes, x_shape, builder.shape(w_id)));
  const bool constant_bias = HasConstantBias(builder.graph(), node);
  if (constant_bias && IsInnerProduct(attributes, window, x_shape)) {
    builder.Set(node.outputs[0], EmitAsInnerProduct(node, builder));
    return absl::OkStatus();
  }
  if (constant_bias &&
      PrefersPhaseConvolution(node, attributes, window, x_shape, builder.shape(w_id))) {
    builder.Set(node.outputs[0], EmitPhaseConvolution(node, builder, window));
    return absl::OkStatus();
  }
  Operand x = builder.Get(node.inputs[0], ChannelsLast(x_shape));
  const std::optional<Operand> bias = BiasOf(builder, node);
  // oneDNN has no output padding: what it would add is taken from the padding at the end, which may
  // become negative.
  Dims pads_end;
  Dims zeros;
  for (size_t i = 0; i < window.kernel.size(); ++i) {
    const int64_t stride = window.strides[i];
    const int64_t full = (SpatialDims(x_shape)[i] - 1) * stride + window.Extent(i);
    const int64_t pad = full - window.pads_begin[i] - window.output[i];
    // It takes less than a stride of that; for more, the input is made longer.
    zeros.push_back(pad <= -stride ? -pad / stride : 0);
    pads_end.push_back(pad + zeros.back() * stride);
  }
  const auto is_zero = [](int64_t rows) { return rows == 0; };
  // What zeros contribute is 0.
  if (!std::all_of(zeros.begin(), zeros.end(), is_zero)) {
    x = EmitZeroPad(builder, x, Dims(zeros.size(), 0), zeros);
  }
  const Shape& y_shape = builder.shape(node.outputs[0]);
  const bool fused = CanFuse(window, builder.shape(w_id));
  const PostOps post_ops = fused ? FusedPostOps(node, builder, {}) : NoPostOps();
  Convolution convolution{
      x,
      builder.Allocate(ChannelsLast(y_shape)),
      PlainWeights(builder, w_id, WeightsDesc(builder.shape(w_id), attributes.group),
                   "deconvolution"),
      fused ? bias : std::nullopt,
      window.strides,
      HolesOf(window),
      window.pads_begin,
      pads_end};
  Operand y = convolution.y;
  TakeSamplesOneByOne(node, builder, convolution);
  EmitConvolution<dnnl::deconvolution_forward>(builder, "ConvTranspose",
                                               dnnl::algorithm::deconvolution_direct, convolution,
                                               post_ops, post_ops.detail);
  if (!fused) {
    if (bias) {
      // One for each channel: [C, 1, …] beside y.
      Shape per_channel{y_shape[1]};
      for (int axis = 2; axis < y_shape.rank(); ++axis) per_channel.push_back(1);
      EmitBinaryInPlace(builder, node.op, dnnl::algorithm::binary_add, y, *bias, per_channel,
                        y_shape);
    }
    y = EmitPostOps(builder, node, y);
  }
  builder.Set(node.outputs[0], y);
  return absl::OkStatus();
}

}  // namespace rectifier::onednn
