#include "server/core/status.h"
#include "server/engine/onednn/layout.h"
#include "server/engine/onednn/lowering_table.h"
#include "server/engine/onednn/program_builder.h"
#include "server/ops/softmax.h"

namespace rectifier::onednn {

absl::Status LowerSoftmax(const Node& node, ProgramBuilder& builder) {
  RECTIFIER_ASSIGN_OR_RETURN(const SoftmaxAttributes attributes, SoftmaxAttributes::Read(node));
  const Shape& shape = builder.shape(node.inputs[0]);
  RECTIFIER_ASSIGN_OR_RETURN(int axis, NormalizeAxis(Place(node), attributes.axis, shape.rank()));
  Operand x = builder.Get(node.inputs[0]);
  Desc view = x.desc;
  if (attributes.flatten) {
    x = builder.Get(node.inputs[0], RowMajor(shape));
    int64_t rows = 1;
    for (int i = 0; i < axis; ++i) rows *= shape[i];
    view = RowMajor(Dims{rows, shape.ElementCount() / rows});
    axis = 1;
  }
  const Operand result = builder.MayOverwrite(x) ? x : builder.Allocate(x.desc);
  const dnnl::softmax_forward::primitive_desc pd(
      builder.engine(), dnnl::prop_kind::forward_inference,
      node.op == "Softmax" ? dnnl::algorithm::softmax_accurate : dnnl::algorithm::softmax_log, view,
      view, axis, ProgramBuilder::NewAttributes());
  builder.Add(node.op, pd, dnnl::softmax_forward(pd),
              {{DNNL_ARG_SRC, {x.buffer, view}}, {DNNL_ARG_DST, {result.buffer, view}}});
  builder.Set(node.outputs[0], {result.buffer, x.desc});
  return absl::OkStatus();
}

}  // namespace rectifier::onednn
