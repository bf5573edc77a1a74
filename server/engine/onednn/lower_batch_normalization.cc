#include "server/core/status.h"
#include "server/engine/onednn/layout.h"
#include "server/engine/onednn/lowering_table.h"
#include "server/engine/onednn/program_builder.h"
#include "server/ops/batch_normalization.h"

namespace rectifier::onednn {

absl::Status LowerBatchNormalization(const Node& node, ProgramBuilder& builder) {
  RECTIFIER_ASSIGN_OR_RETURN(const BatchNormalizationAttributes attributes,
                             BatchNormalizationAttributes::Read(node));
  const Shape& shape = builder.shape(node.inputs[0]);
  const Operand x = builder.Get(node.inputs[0], ChannelsLast(shape));
  const Operand result = builder.MayOverwrite(x) ? x : builder.Allocate(x.desc);
  using dnnl::normalization_flags;
  const dnnl::batch_normalization_forward::primitive_desc pd(
      builder.engine(), dnnl::prop_kind::forward_inference, x.desc, x.desc, attributes.epsilon,
      normalization_flags::use_global_stats | normalization_flags::use_scale |
          normalization_flags::use_shift,
      ProgramBuilder::NewAttributes());
  const auto vector = [&](int i) {
    const ValueId id = node.inputs[static_cast<size_t>(i)];
    return builder.Get(id, RowMajor(builder.shape(id)));
  };
  builder.Add("BatchNormalization", pd, dnnl::batch_normalization_forward(pd),
              {{DNNL_ARG_SRC, x},
               {DNNL_ARG_SCALE, vector(1)},
               {DNNL_ARG_SHIFT, vector(2)},
               {DNNL_ARG_MEAN, vector(3)},
               {DNNL_ARG_VARIANCE, vector(4)},
               {DNNL_ARG_DST, result}});
  builder.Set(node.outputs[0], result);
  return absl::OkStatus();
}

}  // namespace rectifier::onednn
