#include <algorithm>
#include <string_view>

#include "server/core/status.h"
#include "server/engine/kernels/lp_pool.h"
#include "server/engine/onednn/emit.h"
#include "server/engine/onednn/emit_convolution.h"
#include "server/engine/onednn/layout.h"
#include "server/engine/onednn/lowering_table.h"
#include "server/engine/onednn/program_builder.h"
#include "server/ops/average_pool.h"
#include "server/ops/lp_pool.h"
#include "server/ops/max_pool.h"

namespace rectifier::onednn {
namespace {

// `x` is the node's input, channels-last, or has been padded.
void EmitPooling(const Node& node, ProgramBuilder& builder, dnnl::algorithm algorithm,
                 const Operand& x, const Window& window) {
  const Dims x_dims = x.desc.get_dims();
  const Operand result = builder.Allocate(ChannelsLast(builder.shape(node.outputs[0])));
  Dims pads_end;
  for (size_t i = 0; i < window.kernel.size(); ++i) {
    // With ceil_mode the last window may hang over the end: that is padding for oneDNN.
    const int64_t reach = (window.output[i] - 1) * window.strides[i] + window.Extent(i);
    pads_end.push_back(std::max(window.pads_end[i], reach - x_dims[i + 2] - window.pads_begin[i]));
  }
  const dnnl::pooling_forward::primitive_desc pd(
      builder.engine(), dnnl::prop_kind::forward_inference, algorithm, x.desc, result.desc,
      window.strides, window.kernel, HolesOf(window), window.pads_begin, pads_end,
      ProgramBuilder::NewAttributes());
  builder.Add(node.op, pd, dnnl::pooling_forward(pd), {{DNNL_ARG_SRC, x}, {DNNL_ARG_DST, result}});
  builder.Set(node.outputs[0], result);
}

Operand ChannelsLastInput(const Node& node, ProgramBuilder& builder) {
  return builder.Get(node.inputs[0], ChannelsLast(builder.shape(node.inputs[0])));
}

absl::StatusOr<Window> PoolWindow(const Node& node, const ProgramBuilder& builder,
                                  const WindowAttributes& attributes) {
  return SlideWindow(Place(node), attributes, attributes.kernel_shape,
                     SpatialDims(builder.shape(node.inputs[0])));
}

}  // namespace

absl::StatusOr<Window> MaxPoolWindow(const Node& node, const ProgramBuilder& builder) {
  RECTIFIER_ASSIGN_OR_RETURN(const MaxPoolAttributes attributes, MaxPoolAttributes::Read(node));
  return PoolWindow(node, builder, attributes.window);
}

// oneDNN begins at the lowest finite number: a window of nothing but NaN and -infinity gives that,
// and beside other numbers NaN is passed over. (ONNX does not say; ONNX Runtime does the same.)
absl::Status LowerMaxPool(const Node& node, ProgramBuilder& builder) {
  RECTIFIER_ASSIGN_OR_RETURN(const Window window, MaxPoolWindow(node, builder));
  EmitPooling(node, builder, dnnl::algorithm::pooling_max, ChannelsLastInput(node, builder),
              window);
  return absl::OkStatus();
}

absl::Status LowerAveragePool(const Node& node, ProgramBuilder& builder) {
  RECTIFIER_ASSIGN_OR_RETURN(const AveragePoolAttributes attributes,
                             AveragePoolAttributes::Read(node));
  RECTIFIER_ASSIGN_OR_RETURN(Window window, PoolWindow(node, builder, attributes.window));
  Operand x = ChannelsLastInput(node, builder);
  bool include_padding = attributes.count_include_pad;
  if (include_padding && attributes.window.ceil_mode) {
    // The padding counts, and what a last window hangs over does not: so the padding is made input.
    x = EmitZeroPad(builder, x, window.pads_begin, window.pads_end);
    std::fill(window.pads_begin.begin(), window.pads_begin.end(), 0);
    std::fill(window.pads_end.begin(), window.pads_end.end(), 0);
    include_padding = false;
  }
  EmitPooling(node, builder,
              include_padding ? dnnl::algorithm::pooling_avg_include_padding
                              : dnnl::algorithm::pooling_avg_exclude_padding,
              x, window);
  return absl::OkStatus();
}

absl::Status LowerLpPool(const Node& node, ProgramBuilder& builder) {
  RECTIFIER_ASSIGN_OR_RETURN(const LpPoolAttributes attributes, LpPoolAttributes::Read(node));
  RECTIFIER_ASSIGN_OR_RETURN(const Window window, PoolWindow(node, builder, attributes.window));
  const Shape& shape = builder.shape(node.inputs[0]);
  const auto spatial = SpatialDims(shape);
  const kernels::LpPool pool{shape[0],         shape[1],          {spatial.begin(), spatial.end()},
                             window.output,    window.kernel,     window.strides,
                             window.dilations, window.pads_begin, static_cast<float>(attributes.p)};
  const Operand x = ChannelsLastInput(node, builder);
  const Operand result = builder.Allocate(ChannelsLast(builder.shape(node.outputs[0])));
  builder.AddKernel(node.op, "pool", {result, x}, [pool](std::span<std::byte* const> memory) {
    kernels::PoolLp(pool, reinterpret_cast<float*>(memory[0]),
                    reinterpret_cast<const float*>(memory[1]));
  });
  builder.Set(node.outputs[0], result);
  return absl::OkStatus();
}

absl::Status LowerGlobalAveragePool(const Node& node, ProgramBuilder& builder) {
  const auto spatial = SpatialDims(builder.shape(node.inputs[0]));
  Window window;
  window.kernel.assign(spatial.begin(), spatial.end());
  window.strides.assign(spatial.size(), 1);
  window.dilations.assign(spatial.size(), 1);
  window.pads_begin.assign(spatial.size(), 0);
  window.pads_end.assign(spatial.size(), 0);
  window.output.assign(spatial.size(), 1);
  EmitPooling(node, builder, dnnl::algorithm::pooling_avg_exclude_padding,
              ChannelsLastInput(node, builder), window);
  return absl::OkStatus();
}

}  // namespace rectifier::onednn
