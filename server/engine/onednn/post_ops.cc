#include "server/engine/onednn/post_ops.h"

#include <vector>

#include "server/core/check.h"
#include "server/core/status.h"
#include "server/ops/rectifier.h"

namespace rectifier::onednn {

PostOps FusedPostOps(const Node& node, ProgramBuilder& builder, int channel_axis,
                     int64_t repeats) {
  PostOps result{ProgramBuilder::NewAttributes(), {}, {}};
  dnnl::post_ops ops;
  const int rank = builder.shape(node.outputs[0]).rank();
  for (const PostOp& post_op : node.post_ops) {
    const ValueId slope = post_op.operands[0];
    const Tensor* constant = builder.graph().constant(slope);
    RECTIFIER_CHECK(post_op.op == "Rectifier" && constant != nullptr);
    if (const auto alpha = UniformSlope(*constant)) {
      ops.append_eltwise(dnnl::algorithm::eltwise_relu, *alpha, 0);
      result.detail += fmt::format(" + eltwise_relu({})", *alpha);
      continue;
    }
    RECTIFIER_CHECK(SlopeVariesOnlyAlong(constant->shape(), rank, channel_axis));
    const int64_t channels = builder.shape(node.outputs[0])[channel_axis];
    RECTIFIER_CHECK(constant->ElementCount() == channels);
    constexpr int kAlongChannels = 1 << 1;
    ops.append_prelu(kAlongChannels);
    result.arguments.push_back({DNNL_ARG_ATTR_MULTIPLE_POST_OP(ops.len() - 1) | DNNL_ARG_WEIGHTS,
                                RepeatedChannels(builder, slope, channels, repeats)});
    result.detail += " + prelu(per channel)";
  }
  result.attributes.set_post_ops(ops);
  return result;
}

bool FitsLoop(const Node& node, const ProgramBuilder& builder) {
  if (node.post_ops.size() != 1) return false;
  const Tensor* slope = builder.graph().constant(node.post_ops[0].operands[0]);
  RECTIFIER_CHECK(slope != nullptr);
  return UniformSlope(*slope) != 0.0F;
}

Operand RepeatedChannels(ProgramBuilder& builder, ValueId id, int64_t channels, int64_t repeats) {
  const auto& tensor = builder.graph().value(id).constant;
  const auto values = tensor->data<float>();
  const auto count = static_cast<size_t>(channels * repeats);
  const Desc desc = RowMajor(Dims{channels * repeats});
  if (values.size() == count) return {builder.Get(id).buffer, desc};
  const std::string form = fmt::format("channels {} {}", channels, repeats);
  return builder.Constant(builder.weights().FindOrMake(tensor, form, desc, [&] {
    std::vector<float> repeated(count);
    for (size_t i = 0; i < count; ++i) repeated[i] = values[i % values.size()];
    return PackFloats(desc, repeated);
  }));
}

std::vector<Step::Argument> WithPostOps(std::vector<Step::Argument> arguments,
                                        const PostOps& post_ops) {
  arguments.insert(arguments.end(), post_ops.arguments.begin(), post_ops.arguments.end());
  return arguments;
}

}  // namespace rectifier::onednn
