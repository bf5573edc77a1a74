#include "server/engine/onednn/depthwise.h"

#include "server/engine/kernels/depthwise.h"
#include "server/engine/onednn/emit.h"
#include "server/engine/onednn/emit_convolution.h"
#include "server/engine/onednn/post_ops.h"

namespace rectifier::onednn {
namespace {

// [channels, 1, kernel…] as [kernel…, channels].
Operand WeightsByTap(ProgramBuilder& builder, ValueId id) {
  const auto& tensor = builder.graph().value(id).constant;
  const int64_t channels = tensor->shape()[0];
  const int64_t taps = tensor->ElementCount() / channels;
  const Desc wanted = RowMajor(Dims{taps, channels});
  return builder.Constant(builder.weights().FindOrMake(tensor, "by tap", wanted, [&] {
    return builder.weights().Reorder(*tensor, Dense({taps, channels}, {1, 0}), wanted);
  }));
}

}  // namespace

bool PrefersDepthwiseLoop(const ConvAttributes& attributes, const Window& window, const Shape& x,
                          const Shape& w) {
  bool slow = window.kernel.size() == 1;  // in oneDNN
  for (size_t i = 0; i < window.kernel.size(); ++i) {
    slow = slow || (window.kernel[i] > 1 && window.dilations[i] > 1);
  }
  return slow && window.kernel.size() <= 2 && attributes.group > 1 && attributes.group == x[1] &&
         attributes.group == w[0];
}

Operand EmitDepthwiseLoop(const Node& node, ProgramBuilder& builder, const Window& window,
                          const std::optional<Operand>& bias) {
  const Shape& x_shape = builder.shape(node.inputs[0]);
  kernels::DepthwiseConvolution convolution;
  convolution.samples = x_shape[0];
  convolution.channels = x_shape[1];
  convolution.input = HeightAndWidth(SpatialDims(x_shape), 1);
  convolution.output = HeightAndWidth(window.output, 1);
  convolution.kernel = HeightAndWidth(window.kernel, 1);
  convolution.strides = HeightAndWidth(window.strides, 1);
  convolution.dilations = HeightAndWidth(window.dilations, 1);
  convolution.pads_begin = HeightAndWidth(window.pads_begin, 0);
  Operand result = builder.Allocate(ChannelsLast(builder.shape(node.outputs[0])));
  std::vector<Operand> operands = {result, builder.Get(node.inputs[0], ChannelsLast(x_shape)),
                                   WeightsByTap(builder, node.inputs[1])};
  // Those that are left out have no place among the operands.
  size_t bias_at = 0;
  size_t slopes_at = 0;
  if (bias) {
    bias_at = operands.size();
    operands.push_back(*bias);
  }
  const bool fused = FitsLoop(node, builder);
  if (fused) {
    slopes_at = operands.size();
    operands.push_back(RepeatedChannels(builder, node.post_ops[0].operands[0], x_shape[1], 1));
  }
  builder.AddKernel(
      node.op, "depthwise", operands,
      [=](std::span<std::byte* const> memory) {
        const auto at = [&](size_t i) { return reinterpret_cast<float*>(memory[i]); };
        kernels::ConvolveDepthwise(convolution, at(0), at(1), at(2),
                                   bias_at == 0 ? nullptr : at(bias_at),
                                   slopes_at == 0 ? nullptr : at(slopes_at));
      },
      fused ? " + slope" : "");
  return fused ? result : EmitPostOps(builder, node, result);
}

}  // namespace rectifier::onednn
