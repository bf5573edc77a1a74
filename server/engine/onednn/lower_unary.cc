#include "server/core/status.h"
#include "server/engine/onednn/emit.h"
#include "server/engine/onednn/lowering_table.h"

namespace rectifier::onednn {

Operand EmitEltwise(ProgramBuilder& builder, std::string_view op, dnnl::algorithm algorithm,
                    const Operand& x, float alpha, float beta) {
  Operand result = builder.MayOverwrite(x) ? x : builder.Allocate(x.desc);
  const dnnl::eltwise_forward::primitive_desc pd(
      builder.engine(), dnnl::prop_kind::forward_inference, algorithm, x.desc, x.desc, alpha, beta,
      ProgramBuilder::NewAttributes());
  builder.Add(op, pd, dnnl::eltwise_forward(pd), {{DNNL_ARG_SRC, x}, {DNNL_ARG_DST, result}});
  return result;
}

absl::Status LowerSigmoid(const Node& node, ProgramBuilder& builder) {
  builder.Set(node.outputs[0], EmitEltwise(builder, "Sigmoid", dnnl::algorithm::eltwise_logistic,
                                           builder.Get(node.inputs[0])));
  return absl::OkStatus();
}

absl::Status LowerTanh(const Node& node, ProgramBuilder& builder) {
  builder.Set(node.outputs[0], EmitEltwise(builder, "Tanh", dnnl::algorithm::eltwise_tanh,
                                           builder.Get(node.inputs[0])));
  return absl::OkStatus();
}

}  // namespace rectifier::onednn
