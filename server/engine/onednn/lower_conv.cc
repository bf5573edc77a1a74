#include <algorithm>

#include "server/core/status.h"
#include "server/engine/onednn/inner_product.h"
#include "server/engine/onednn/layout.h"
#include "server/engine/onednn/pinned_weights.h"
#include "server/engine/onednn/post_ops.h"
#include "server/ops/conv.h"

namespace rectifier::onednn {
namespace {

// The kernel covers the whole input, so that every output is one inner product.
bool CoversInput(const ConvAttributes& attributes, const Window& window, const Shape& x) {
  const auto is = [](const std::vector<int64_t>& values, int64_t wanted) {
    return std::all_of(values.begin(), values.end(), [&](int64_t v) { return v == wanted; });
  };
  return attributes.group == 1 && is(window.pads_begin, 0) && is(window.pads_end, 0) &&
         is(window.dilations, 1) &&
         std::equal(window.kernel.begin(), window.kernel.end(), SpatialDims(x).begin());
}

struct Operands {
  ValueId x, w, bias;
  Desc bias_desc;  // empty without a bias
};

// The weights [M, C, kernel…] with every filter's elements in the order of a channels-last input.
WeightSource FilterRows(ProgramBuilder& builder, ValueId weights) {
  const Shape& w = builder.shape(weights);
  const Dims rows = {w[0], w.ElementCount() / w[0], 1, 1};
  const auto& tensor = builder.graph().value(weights).constant;
  return {weights, rows, "filter rows", [&builder, tensor, rows](const Desc& wanted) {
            const Shape& shape = tensor->shape();
            PackedWeight turned =
                builder.weights().Reorder(*tensor, RowMajor(shape), ChannelsLast(shape));
            turned.desc = RowMajor(rows);
            return builder.weights().Reorder(turned, wanted);
          }};
}

// oneDNN's own choice for such a convolution differs with the batch size, and with it the bits of
// the results.
void LowerAsInnerProduct(const Node& node, ProgramBuilder& builder, const Operands& in,
                         const PostOps& post_ops) {
  const Shape& y = builder.shape(node.outputs[0]);
  const WeightSource weights = FilterRows(builder, in.w);
  std::optional<Operand> bias;
  if (in.bias != kNoValue) bias = builder.Get(in.bias);
  const Operand result = EmitInnerProduct(builder, "Conv",
                                          {builder.Get(in.x, ChannelsLast(builder.shape(in.x))),
                                           y[0], weights.dims[1], y[1], weights, bias},
                                          post_ops);
  builder.Set(node.outputs[0], {result.buffer, ChannelsLast(y)});
}

// Weights [M, C/group, kernel…] as oneDNN sees them: [group, M/group, C/group, kernel…].
Desc WeightsDesc(const Shape& w, int64_t group) {
  Dims dims = DimsOf(w);
  if (group > 1) {
    dims[0] /= group;
    dims.insert(dims.begin(), group);
  }
  return RowMajor(dims);
}

}  // namespace

absl::Status LowerConv(const Node& node, ProgramBuilder& builder) {
  RECTIFIER_ASSIGN_OR_RETURN(const ConvAttributes attributes, ConvAttributes::Read(node));
  Operands in{node.inputs[0], node.inputs[1], node.inputs.size() > 2 ? node.inputs[2] : kNoValue,
              Desc()};
  if (builder.graph().constant(in.w) == nullptr) {
    return Unimplemented(Place(node), "weights that are not constant");
  }
  if (in.bias != kNoValue) in.bias_desc = RowMajor(builder.shape(in.bias));
  const Shape& x_shape = builder.shape(in.x);
  RECTIFIER_ASSIGN_OR_RETURN(const Window window,
                             ConvWindow(Place(node), attributes, x_shape, builder.shape(in.w)));
  const PostOps post_ops = FusedPostOps(node, builder, /*channel_axis=*/1);
  if (CoversInput(attributes, window, x_shape)) {
    LowerAsInnerProduct(node, builder, in, post_ops);
    return absl::OkStatus();
  }
  const Operand x = builder.Get(in.x, ChannelsLast(x_shape));
  const Desc y = ChannelsLast(builder.shape(node.outputs[0]));
  Dims dilations = window.dilations;
  for (int64_t& dilation : dilations) --dilation;  // oneDNN counts the holes
  using PrimitiveDesc = dnnl::convolution_forward::primitive_desc;
  Operand w;
  const auto pd = MakeWithPinnedWeights<PrimitiveDesc>(
      builder,
      PlainWeights(builder, in.w, WeightsDesc(builder.shape(in.w), attributes.group),
                   "convolution"),
      [&](const Desc& weights) {
        return PrimitiveDesc(builder.engine(), dnnl::prop_kind::forward_inference,
                             dnnl::algorithm::convolution_direct, x.desc, weights, in.bias_desc, y,
                             window.strides, dilations, window.pads_begin, window.pads_end,
                             post_ops.attributes, /*allow_empty=*/true);
      },
      &w);
  const Operand result = builder.Allocate(y);
  std::vector<Step::Argument> arguments = {
      {DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, w}, {DNNL_ARG_DST, result}};
  if (in.bias != kNoValue) arguments.push_back({DNNL_ARG_BIAS, builder.Get(in.bias)});
  builder.Add("Conv", pd, dnnl::convolution_forward(pd),
              WithPostOps(std::move(arguments), post_ops), post_ops.detail);
  builder.Set(node.outputs[0], result);
  return absl::OkStatus();
}

}  // namespace rectifier::onednn
