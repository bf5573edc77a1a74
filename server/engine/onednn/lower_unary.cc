#include <algorithm>
#include <array>

#include "server/core/status.h"
#include "server/engine/onednn/emit.h"
#include "server/engine/onednn/lowering_table.h"
#include "server/ops/elementwise.h"

namespace rectifier::onednn {
namespace {

// The primitive of an operator of f32, with its parameters. Exp, Clip and HardSigmoid are not here:
// oneDNN's make a number of NaN; nor is Gelu with erf, which makes NaN of infinity on AVX-512.
struct Eltwise {
  std::string_view op;
  dnnl::algorithm algorithm;
  float alpha = 0;
  float beta = 0;
};

constexpr std::array kEltwise = {
    Eltwise{"Abs", dnnl::algorithm::eltwise_abs},
    Eltwise{"Elu", dnnl::algorithm::eltwise_elu},
    Eltwise{"HardSwish", dnnl::algorithm::eltwise_hardswish, 1.0F / 6, 0.5F},
    Eltwise{"Log", dnnl::algorithm::eltwise_log},
    Eltwise{"Mish", dnnl::algorithm::eltwise_mish},
    Eltwise{"Round", dnnl::algorithm::eltwise_round},
    Eltwise{"Sigmoid", dnnl::algorithm::eltwise_logistic},
    Eltwise{"Softplus", dnnl::algorithm::eltwise_soft_relu, 1},
    Eltwise{"Sqrt", dnnl::algorithm::eltwise_sqrt},
    Eltwise{"Tanh", dnnl::algorithm::eltwise_tanh},
};

}  // namespace

Operand EmitEltwise(ProgramBuilder& builder, std::string_view op, dnnl::algorithm algorithm,
                    const Operand& x, float alpha, float beta) {
  Operand result = builder.MayOverwrite(x) ? x : builder.Allocate(x.desc);
  const dnnl::eltwise_forward::primitive_desc pd(
      builder.engine(), dnnl::prop_kind::forward_inference, algorithm, x.desc, x.desc, alpha, beta,
      ProgramBuilder::NewAttributes());
  builder.Add(op, pd, dnnl::eltwise_forward(pd), {{DNNL_ARG_SRC, x}, {DNNL_ARG_DST, result}});
  return result;
}

absl::Status LowerUnary(const Node& node, ProgramBuilder& builder) {
  const auto found = std::find_if(kEltwise.begin(), kEltwise.end(),
                                  [&](const Eltwise& entry) { return entry.op == node.op; });
  if (found == kEltwise.end() || builder.type(node.inputs[0]).dtype != DType::kFloat32) {
    return LowerElementwise(node, builder);
  }
  RECTIFIER_ASSIGN_OR_RETURN(const ElementwiseAttributes attributes,
                             ElementwiseAttributes::Read(node));
  const float alpha = node.op == "Elu" ? attributes.alpha : found->alpha;
  builder.Set(node.outputs[0], EmitEltwise(builder, node.op, found->algorithm,
                                           builder.Get(node.inputs[0]), alpha, found->beta));
  return absl::OkStatus();
}

absl::Status LowerGelu(const Node& node, ProgramBuilder& builder) {
  RECTIFIER_ASSIGN_OR_RETURN(const ElementwiseAttributes attributes,
                             ElementwiseAttributes::Read(node));
  if (attributes.alpha == 0) return LowerElementwise(node, builder);
  builder.Set(node.outputs[0], EmitEltwise(builder, node.op, dnnl::algorithm::eltwise_gelu_tanh,
                                           builder.Get(node.inputs[0])));
  return absl::OkStatus();
}

}  // namespace rectifier::onednn
