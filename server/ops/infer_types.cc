#include "server/ops/infer_types.h"

#include "server/ops/operator_table.h"
#include "server/ops/rectifier.h"

namespace rectifier {
namespace {

absl::Status CheckSize(const std::string& place, const Value& value) {
  RECTIFIER_CHECK(value.type.has_value());
  if (value.type->shape.rank() > kMaxRank) {
    return InvalidArgument(place, "{} has rank {}, at most {} is supported", value.name,
                           value.type->shape.rank(), kMaxRank);
  }
  // A dynamic dimension counts as 1 here; it is checked again when it is bound.
  Shape known = value.type->shape;
  for (int i = 0; i < known.rank(); ++i) {
    if (known[i] == kDynamicDim) known[i] = 1;
  }
  const auto bytes = CheckedByteSize({value.type->dtype, known});
  if (!bytes.ok()) return At(place, bytes.status());
  if (*bytes > kMaxTensorBytes) {
    return InvalidArgument(place, "{} of shape {} is too large", value.name,
                           value.type->shape.ToString());
  }
  return absl::OkStatus();
}

absl::Status CheckOutputSizes(const Graph& graph, const Node& node) {
  for (const ValueId id : node.outputs) {
    if (id != kNoValue) RECTIFIER_RETURN_IF_ERROR(CheckSize(Place(node), graph.value(id)));
  }
  return absl::OkStatus();
}

// "2", "2 to 3", "1 or more".
std::string RangeText(int from, int to) {
  if (from == to) return std::to_string(from);
  return to == kAnyNumber ? fmt::format("{} or more", from) : fmt::format("{} to {}", from, to);
}

absl::Status CheckArity(const Node& node, const Operator& op) {
  const int inputs = static_cast<int>(node.inputs.size());
  if (inputs < op.min_inputs || inputs > op.max_inputs) {
    return InvalidArgument(Place(node), "expected {} inputs, got {}",
                           RangeText(op.min_inputs, op.max_inputs), inputs);
  }
  for (int i = 0; i < op.min_inputs; ++i) {
    if (node.inputs[static_cast<size_t>(i)] == kNoValue) {
      return InvalidArgument(Place(node), "input {} is required", i);
    }
  }
  if (op.max_inputs == kAnyNumber) {
    for (const ValueId id : node.inputs) {
      if (id == kNoValue) return InvalidArgument(Place(node), "an input is left out");
    }
  }
  const int outputs = static_cast<int>(node.outputs.size());
  if (outputs > op.max_outputs) {
    return InvalidArgument(Place(node), "expected at most {} outputs, got {}", op.max_outputs,
                           outputs);
  }
  return absl::OkStatus();
}

// A Rectifier of an operator that takes it, with a constant slope that is one number or one for
// each channel.
absl::Status CheckFusedRectifier(const Graph& graph, const Node& node, ValueId slope) {
  const Shape& shape = graph.value(node.outputs[0]).type->shape;
  RECTIFIER_RETURN_IF_ERROR(CheckSlope(Place(node), *graph.value(slope).type, shape));
  const Tensor* constant = graph.constant(slope);
  const int axis = *PostOpChannelAxis(node.op, shape.rank());
  if (constant == nullptr ||
      (!UniformSlope(*constant) && !SlopeVariesOnlyAlong(constant->shape(), shape.rank(), axis))) {
    return InvalidArgument(Place(node),
                           "slope {} of a post-op: expected a constant that is one "
                           "number, or one for each channel",
                           graph.value(slope).name);
  }
  return absl::OkStatus();
}

// The sum of a Conv's result and something of the same shape.
absl::Status CheckFusedAdd(const Graph& graph, const Node& node, ValueId y) {
  const TensorType& type = *graph.value(node.outputs[0]).type;
  const TensorType& of_y = *graph.value(y).type;
  if (of_y == type) return absl::OkStatus();
  return InvalidArgument(Place(node), "operand {} of a post-op: expected {}{}, got {}{}",
                         graph.value(y).name, Name(type.dtype), type.shape.ToString(),
                         Name(of_y.dtype), of_y.shape.ToString());
}

absl::Status CheckPostOps(const Graph& graph, const Node& node) {
  for (const PostOp& post_op : node.post_ops) {
    const int rank = graph.value(node.outputs[0]).type->shape.rank();
    if (post_op.operands.size() == 1) {
      const ValueId operand = post_op.operands[0];
      if (post_op.op == "Rectifier" && PostOpChannelAxis(node.op, rank)) {
        RECTIFIER_RETURN_IF_ERROR(CheckFusedRectifier(graph, node, operand));
        continue;
      }
      if (post_op.op == "Add" && node.op == "Conv") {
        RECTIFIER_RETURN_IF_ERROR(CheckFusedAdd(graph, node, operand));
        continue;
      }
    }
    return InvalidArgument(Place(node), "post-op {} with {} operands is not one that can be fused",
                           post_op.op, post_op.operands.size());
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status InferNodeTypes(Graph& graph, const Node& node) {
  const Operator* op = FindOperator(node.op);
  if (op == nullptr) return Unimplemented(Place(node), "the operator {} is not supported", node.op);
  RECTIFIER_RETURN_IF_ERROR(CheckArity(node, *op));
  NodeTypes types(graph, node);
  RECTIFIER_RETURN_IF_ERROR(op->infer(types));
  RECTIFIER_RETURN_IF_ERROR(CheckPostOps(graph, node));
  return CheckOutputSizes(graph, node);
}

absl::Status InferTypes(Graph& graph) {
  for (const ValueId id : graph.inputs()) {
    RECTIFIER_RETURN_IF_ERROR(CheckSize("graph input", graph.value(id)));
  }
  for (const Node& node : graph.nodes()) RECTIFIER_RETURN_IF_ERROR(InferNodeTypes(graph, node));
  return absl::OkStatus();
}

}  // namespace rectifier
