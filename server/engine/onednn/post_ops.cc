#include "server/engine/onednn/post_ops.h"

#include "server/core/check.h"
#include "server/core/status.h"
#include "server/ops/rectifier.h"

namespace rectifier::onednn {

PostOps FusedPostOps(const Node& node, ProgramBuilder& builder, int channel_axis) {
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
    RECTIFIER_CHECK(constant->ElementCount() == builder.shape(node.outputs[0])[channel_axis]);
    constexpr int kAlongChannels = 1 << 1;
    ops.append_prelu(kAlongChannels);
    result.arguments.push_back(
        {DNNL_ARG_ATTR_MULTIPLE_POST_OP(ops.len() - 1) | DNNL_ARG_WEIGHTS,
         {builder.Get(slope).buffer, RowMajor(Dims{constant->ElementCount()})}});
    result.detail += " + prelu(per channel)";
  }
  result.attributes.set_post_ops(ops);
  return result;
}

std::vector<Step::Argument> WithPostOps(std::vector<Step::Argument> arguments,
                                        const PostOps& post_ops) {
  arguments.insert(arguments.end(), post_ops.arguments.begin(), post_ops.arguments.end());
  return arguments;
}

}  // namespace rectifier::onednn
