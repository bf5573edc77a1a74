#include <utility>

#include "server/core/status.h"
#include "server/engine/kernels/copy.h"
#include "server/engine/kernels/normalize.h"
#include "server/engine/onednn/emit.h"
#include "server/engine/onednn/layout.h"
#include "server/engine/onednn/lowering_table.h"
#include "server/engine/onednn/post_ops.h"
#include "server/engine/onednn/program_builder.h"
#include "server/ops/group_normalization.h"
#include "server/ops/local_response_normalization.h"

namespace rectifier::onednn {
namespace {

float* Floats(std::byte* memory) { return reinterpret_cast<float*>(memory); }

// `id` written out to the dimensions of `to`, row-major.
Operand Spread(ProgramBuilder& builder, const Node& node, ValueId id, const Shape& to) {
  const Operand from = builder.Get(id);
  if (builder.shape(id) == to) return builder.GetRowMajor(id);
  Operand result = builder.Allocate(RowMajor(to));
  const kernels::LoopNest<2> nest(to.dims(), {BroadcastStrides(result.desc, to, to),
                                              BroadcastStrides(from.desc, builder.shape(id), to)});
  builder.AddKernel(node.op, "copy", {result, from}, [nest](std::span<std::byte* const> memory) {
    kernels::Copy(nest, sizeof(float), memory[0], memory[1]);
  });
  return result;
}

}  // namespace

absl::Status LowerGroupNormalization(const Node& node, ProgramBuilder& builder) {
  RECTIFIER_ASSIGN_OR_RETURN(const GroupNormalizationAttributes attributes,
                             GroupNormalizationAttributes::Read(node));
  const Shape& shape = builder.shape(node.inputs[0]);
  Operand x = builder.Get(node.inputs[0]);
  const bool channels_last = IsChannelsLast(x.desc);
  if (!channels_last) x = builder.GetRowMajor(node.inputs[0]);
  kernels::GroupNormalization normalization;
  normalization.samples = shape[0];
  normalization.channels = shape[1];
  normalization.positions = shape.ElementCount() / (shape[0] * shape[1]);
  normalization.groups = attributes.groups == 0 ? shape[1] : attributes.groups;
  normalization.channels_last = channels_last;
  normalization.scale_per_group = builder.shape(node.inputs[1])[0] != shape[1];
  normalization.epsilon = attributes.epsilon;
  const Operand scratch = builder.Allocate(RowMajor(Dims{2 * shape[1]}, DataType::f64));
  const Operand result = builder.MayOverwrite(x) ? x : builder.Allocate(x.desc);
  std::vector<Operand> operands = {result, x, builder.GetRowMajor(node.inputs[1]),
                                   builder.GetRowMajor(node.inputs[2]), scratch};
  const bool fused = FitsLoop(node, builder);
  if (fused) {
    operands.push_back(RepeatedChannels(builder, node.post_ops[0].operands[0], shape[1], 1));
  }
  builder.AddKernel(
      node.op, "normalize", operands,
      [normalization, fused](std::span<std::byte* const> memory) {
        kernels::NormalizeGroups(normalization, Floats(memory[0]), Floats(memory[1]),
                                 Floats(memory[2]), Floats(memory[3]),
                                 fused ? Floats(memory[5]) : nullptr,
                                 reinterpret_cast<double*>(memory[4]));
      },
      fused ? " + slope" : "");
  builder.Set(node.outputs[0], fused ? result : EmitPostOps(builder, node, result));
  return absl::OkStatus();
}

absl::Status LowerLayerNormalization(const Node& node, ProgramBuilder& builder) {
  const Shape& shape = builder.shape(node.inputs[0]);
  RECTIFIER_ASSIGN_OR_RETURN(const LayerNormalizationAttributes attributes,
                             LayerNormalizationAttributes::Read(node, shape.rank()));
  const auto axis = static_cast<size_t>(attributes.axis);
  const Shape normalized(shape.dims().subspan(axis));
  kernels::LayerNormalization normalization;
  normalization.size = normalized.ElementCount();
  normalization.rows = Shape(shape.dims().subspan(0, axis)).ElementCount();
  normalization.epsilon = attributes.epsilon;
  const Operand x = builder.GetRowMajor(node.inputs[0]);
  const Operand result = builder.MayOverwrite(x) ? x : builder.Allocate(x.desc);
  std::vector<Operand> operands = {result, x, Spread(builder, node, node.inputs[1], normalized)};
  builder.Set(node.outputs[0], result);
  // Those that are left out have no place among the operands.
  const auto add = [&](const Operand& operand) {
    operands.push_back(operand);
    return operands.size() - 1;
  };
  size_t bias = 0;
  if (node.inputs.size() > 2 && node.inputs[2] != kNoValue) {
    bias = add(Spread(builder, node, node.inputs[2], normalized));
  }
  size_t statistics[] = {0, 0};
  for (size_t i = 1; i < node.outputs.size(); ++i) {
    if (node.outputs[i] == kNoValue) continue;
    const Operand operand = builder.Allocate(RowMajor(builder.shape(node.outputs[i])));
    statistics[i - 1] = add(operand);
    builder.Set(node.outputs[i], operand);
  }
  builder.AddKernel(node.op, "normalize", operands,
                    [normalization, bias, mean = statistics[0],
                     deviation = statistics[1]](std::span<std::byte* const> memory) {
                      const auto at = [&](size_t i) {
                        return i == 0 ? nullptr : Floats(memory[i]);
                      };
                      kernels::NormalizeLayer(normalization, Floats(memory[0]), Floats(memory[1]),
                                              Floats(memory[2]), at(bias), at(mean), at(deviation));
                    });
  return absl::OkStatus();
}

absl::Status LowerLrn(const Node& node, ProgramBuilder& builder) {
  RECTIFIER_ASSIGN_OR_RETURN(const LrnAttributes attributes, LrnAttributes::Read(node));
  const Shape& shape = builder.shape(node.inputs[0]);
  // oneDNN wants positions.
  const Dims dims = shape.rank() > 2 ? DimsOf(shape) : Dims{shape[0], shape[1], 1, 1};
  Operand x = builder.Get(node.inputs[0], ChannelsLast(shape));
  const Desc layout = ChannelsLast(dims);
  const Operand result = builder.Allocate(x.desc);
  const dnnl::lrn_forward::primitive_desc pd(builder.engine(), dnnl::prop_kind::forward_inference,
                                             dnnl::algorithm::lrn_across_channels, layout, layout,
                                             attributes.size, attributes.alpha, attributes.beta,
                                             attributes.bias, ProgramBuilder::NewAttributes());
  builder.Add(node.op, pd, dnnl::lrn_forward(pd),
              {{DNNL_ARG_SRC, {x.buffer, layout}}, {DNNL_ARG_DST, {result.buffer, layout}}});
  builder.Set(node.outputs[0], result);
  return absl::OkStatus();
}

}  // namespace rectifier::onednn
