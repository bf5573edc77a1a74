#include <algorithm>

#include "server/core/status.h"
#include "server/engine/onednn/layout.h"
#include "server/engine/onednn/lowering_table.h"
#include "server/engine/onednn/program_builder.h"
#include "server/ops/concat.h"

namespace rectifier::onednn {

absl::Status LowerConcat(const Node& node, ProgramBuilder& builder) {
  const Shape& shape = builder.shape(node.outputs[0]);
  RECTIFIER_ASSIGN_OR_RETURN(const ConcatAttributes attributes,
                             ConcatAttributes::Read(node, shape.rank()));
  // Channels-last as soon as one operand is.
  const bool channels_last = std::any_of(node.inputs.begin(), node.inputs.end(), [&](ValueId id) {
    return IsChannelsLast(builder.Get(id).desc);
  });
  const auto layout = [&](const Shape& s) { return channels_last ? ChannelsLast(s) : RowMajor(s); };
  std::vector<Desc> descs;
  std::vector<Step::Argument> arguments;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const Operand x = builder.Get(node.inputs[i], layout(builder.shape(node.inputs[i])));
    descs.push_back(x.desc);
    arguments.push_back({DNNL_ARG_MULTIPLE_SRC + static_cast<int>(i), x});
  }
  const Operand result = builder.Allocate(layout(shape));
  const dnnl::concat::primitive_desc pd(builder.engine(), result.desc, attributes.axis, descs,
                                        ProgramBuilder::NewAttributes());
  arguments.push_back({DNNL_ARG_DST, result});
  builder.Add("Concat", pd, dnnl::concat(pd), std::move(arguments));
  builder.Set(node.outputs[0], result);
  return absl::OkStatus();
}

}  // namespace rectifier::onednn
