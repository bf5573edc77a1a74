#include "server/engine/onednn/post_ops.h"

#include <utility>
#include <vector>

#include "server/core/check.h"
#include "server/core/status.h"
#include "server/ops/rectifier.h"

namespace rectifier::onednn {

namespace {

// What FusedPostOps() makes, one after the other.
class Appender {
 public:
  Appender(const Node& node, ProgramBuilder& builder, const PostOpResult& result)
      : builder_(builder), result_(result), shape_(builder.shape(node.outputs[0])) {}

  void AppendRectifier(ValueId slope) {
    const auto fused = FusedSlope(builder_, slope, shape_, result_);
    if (const auto* alpha = std::get_if<float>(&fused)) {
      ops_.append_eltwise(dnnl::algorithm::eltwise_relu, *alpha, 0);
      made_.detail += fmt::format(" + eltwise_relu({})", *alpha);
      return;
    }
    constexpr int kAlongChannels = 1 << 1;
    ops_.append_prelu(kAlongChannels);
    AddArgument(DNNL_ARG_WEIGHTS, std::get<Operand>(fused));
    made_.detail += " + prelu(per channel)";
  }

  void AppendSum(ValueId y) {
    const Operand operand = builder_.Get(y, ChannelsLast(shape_));
    if (made_.result_buffer < 0 && builder_.MayOverwrite(operand)) {
      ops_.append_sum();
      made_.result_buffer = operand.buffer;
      made_.detail += " + sum";
      return;
    }
    ops_.append_binary(dnnl::algorithm::binary_add, result_.desc);
    AddArgument(DNNL_ARG_SRC_1, {operand.buffer, result_.desc});
    made_.detail += " + add";
  }

  PostOps Finish() {
    made_.attributes.set_post_ops(ops_);
    return std::move(made_);
  }

 private:
  void AddArgument(int name, const Operand& operand) {
    made_.arguments.push_back({DNNL_ARG_ATTR_MULTIPLE_POST_OP(ops_.len() - 1) | name, operand});
  }

  ProgramBuilder& builder_;
  const PostOpResult& result_;
  const Shape& shape_;
  dnnl::post_ops ops_;
  PostOps made_ = NoPostOps();
};

}  // namespace

PostOps FusedPostOps(const Node& node, ProgramBuilder& builder, const PostOpResult& result) {
  Appender appender(node, builder, result);
  for (const PostOp& post_op : node.post_ops) {
    if (post_op.op == "Add") {
      appender.AppendSum(post_op.operands[0]);
    } else {
      RECTIFIER_CHECK(post_op.op == "Rectifier");
      appender.AppendRectifier(post_op.operands[0]);
    }
  }
  return appender.Finish();
}

std::variant<float, Operand> FusedSlope(ProgramBuilder& builder, ValueId slope, const Shape& shape,
                                        const PostOpResult& result) {
  const Tensor* constant = builder.graph().constant(slope);
  RECTIFIER_CHECK(constant != nullptr);
  if (const auto alpha = UniformSlope(*constant)) return *alpha;
  RECTIFIER_CHECK(SlopeVariesOnlyAlong(constant->shape(), shape.rank(), result.channel_axis));
  const int64_t channels = shape[result.channel_axis];
  RECTIFIER_CHECK(constant->ElementCount() == channels);
  return RepeatedChannels(builder, slope, channels, result.repeats);
}

bool FitsLoop(const Node& node, const ProgramBuilder& builder) {
  if (node.post_ops.size() != 1 || node.post_ops[0].op != "Rectifier") return false;
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
