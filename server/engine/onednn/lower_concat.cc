#include <algorithm>

#include "server/core/status.h"
#include "server/engine/onednn/layout.h"
#include "server/engine/onednn/lowering_table.h"
#include "server/engine/onednn/program_builder.h"
#include "server/ops/concat.h"

namespace rectifier::onednn {

namespace {

// Every operand is copied to its place: for what is not f32, which oneDNN has no primitive for.
void EmitCopies(ProgramBuilder& builder, const std::vector<ValueId>& inputs, int axis,
                const Operand& result) {
  Dims at(result.desc.get_dims().size(), 0);
  for (const ValueId id : inputs) {
    const Operand x = builder.Get(id);
    const Dims dims = x.desc.get_dims();
    builder.AddReorder(x, {result.buffer, result.desc.submemory_desc(dims, at)});
    at[static_cast<size_t>(axis)] += dims[static_cast<size_t>(axis)];
  }
}

}  // namespace

absl::Status LowerConcat(const Node& node, ProgramBuilder& builder) {
  const TensorType& type = builder.type(node.outputs[0]);
  RECTIFIER_ASSIGN_OR_RETURN(const ConcatAttributes attributes,
                             ConcatAttributes::Read(node, type.shape.rank()));
  std::vector<ValueId> inputs;  // those with elements
  for (const ValueId id : node.inputs) {
    if (builder.shape(id).ElementCount() > 0) inputs.push_back(id);
  }
  if (type.dtype != DType::kFloat32) {
    const Operand result = builder.Allocate(RowMajor(type));
    EmitCopies(builder, inputs, attributes.axis, result);
    builder.Set(node.outputs[0], result);
    return absl::OkStatus();
  }
  // Channels-last as soon as one operand is.
  const bool channels_last = std::any_of(inputs.begin(), inputs.end(), [&](ValueId id) {
    return IsChannelsLast(builder.Get(id).desc);
  });
  const auto layout = [&](const Shape& s) { return channels_last ? ChannelsLast(s) : RowMajor(s); };
  std::vector<Desc> descs;
  std::vector<Step::Argument> arguments;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Operand x = builder.Get(inputs[i], layout(builder.shape(inputs[i])));
    descs.push_back(x.desc);
    arguments.push_back({DNNL_ARG_MULTIPLE_SRC + static_cast<int>(i), x});
  }
  const Operand result = builder.Allocate(layout(type.shape));
  const dnnl::concat::primitive_desc pd(builder.engine(), result.desc, attributes.axis, descs,
                                        ProgramBuilder::NewAttributes());
  arguments.push_back({DNNL_ARG_DST, result});
  builder.Add("Concat", pd, dnnl::concat(pd), std::move(arguments));
  builder.Set(node.outputs[0], result);
  return absl::OkStatus();
}

}  // namespace rectifier::onednn
