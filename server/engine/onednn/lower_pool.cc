#include <algorithm>
#include <string_view>

#include "server/core/status.h"
#include "server/engine/onednn/emit_convolution.h"
#include "server/engine/onednn/layout.h"
#include "server/engine/onednn/lowering_table.h"
#include "server/engine/onednn/program_builder.h"
#include "server/ops/average_pool.h"
#include "server/ops/max_pool.h"

namespace rectifier::onednn {
namespace {

void EmitPooling(const Node& node, ProgramBuilder& builder, dnnl::algorithm algorithm,
                 const Window& window) {
  const Shape& x_shape = builder.shape(node.inputs[0]);
  const Operand x = builder.Get(node.inputs[0], ChannelsLast(x_shape));
  const Operand result = builder.Allocate(ChannelsLast(builder.shape(node.outputs[0])));
  Dims pads_end;
  for (size_t i = 0; i < window.kernel.size(); ++i) {
    // With ceil_mode the last window may hang over the end: that is padding for oneDNN.
    const int64_t reach = (window.output[i] - 1) * window.strides[i] + window.Extent(i);
    pads_end.push_back(
        std::max(window.pads_end[i], reach - SpatialDims(x_shape)[i] - window.pads_begin[i]));
  }
  const dnnl::pooling_forward::primitive_desc pd(
      builder.engine(), dnnl::prop_kind::forward_inference, algorithm, x.desc, result.desc,
      window.strides, window.kernel, HolesOf(window), window.pads_begin, pads_end,
      ProgramBuilder::NewAttributes());
  builder.Add(node.op, pd, dnnl::pooling_forward(pd), {{DNNL_ARG_SRC, x}, {DNNL_ARG_DST, result}});
  builder.Set(node.outputs[0], result);
}

absl::StatusOr<Window> PoolWindow(const Node& node, ProgramBuilder& builder,
                                  const WindowAttributes& attributes) {
  return SlideWindow(Place(node), attributes, attributes.kernel_shape,
                     SpatialDims(builder.shape(node.inputs[0])));
}

}  // namespace

// oneDNN begins at the lowest finite number: a window of nothing but NaN and -infinity gives that,
// and beside other numbers NaN is passed over. (ONNX does not say; ONNX Runtime does the same.)
absl::Status LowerMaxPool(const Node& node, ProgramBuilder& builder) {
  RECTIFIER_ASSIGN_OR_RETURN(const MaxPoolAttributes attributes, MaxPoolAttributes::Read(node));
  RECTIFIER_ASSIGN_OR_RETURN(const Window window, PoolWindow(node, builder, attributes.window));
  EmitPooling(node, builder, dnnl::algorithm::pooling_max, window);
  return absl::OkStatus();
}

absl::Status LowerAveragePool(const Node& node, ProgramBuilder& builder) {
  RECTIFIER_ASSIGN_OR_RETURN(const AveragePoolAttributes attributes,
                             AveragePoolAttributes::Read(node));
  RECTIFIER_ASSIGN_OR_RETURN(const Window window, PoolWindow(node, builder, attributes.window));
  EmitPooling(node, builder,
              attributes.count_include_pad ? dnnl::algorithm::pooling_avg_include_padding
                                           : dnnl::algorithm::pooling_avg_exclude_padding,
              window);
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
  EmitPooling(node, builder, dnnl::algorithm::pooling_avg_exclude_padding, window);
  return absl::OkStatus();
}

}  // namespace rectifier::onednn
