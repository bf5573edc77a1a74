#include "server/engine/bind_shapes.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "server/core/status.h"
#include "server/engine/constant_node.h"
#include "server/ops/infer_types.h"

namespace rectifier {
namespace {

// Lists of dimensions and masks are small; what is larger is computed when the Program runs.
constexpr int64_t kMaxFoldedBytes = int64_t{1} << 20;
constexpr int64_t kMaxFoldedBytesTogether = int64_t{16} << 20;

absl::Status SetInputShapes(Graph& graph, std::span<const Shape> input_shapes) {
  if (input_shapes.size() != graph.inputs().size()) {
    return InvalidArgument(graph.name, "expected shapes for {} inputs, got {}",
                           graph.inputs().size(), input_shapes.size());
  }
  for (size_t i = 0; i < input_shapes.size(); ++i) {
    Value& value = graph.value(graph.inputs()[i]);
    if (!input_shapes[i].IsStatic() || !Matches(input_shapes[i], value.type->shape)) {
      return InvalidArgument(value.name, "expected shape {}, got {}", value.type->shape.ToString(),
                             input_shapes[i].ToString());
    }
    value.type->shape = input_shapes[i];
  }
  return absl::OkStatus();
}

bool IsSmall(const Graph& graph, const Node& node, int64_t room) {
  int64_t bytes = 0;
  for (const ValueId id : node.outputs) {
    if (id == kNoValue) continue;
    const auto more = CheckedByteSize(*graph.value(id).type);
    if (!more.ok() || *more > kMaxFoldedBytes) return false;
    bytes += *more;
  }
  return bytes <= room;
}

// Nodes that come after a node with a dead result read nothing of it.
void RemoveDeadNodes(Graph& graph, std::vector<bool> dead) {
  std::vector<bool> wanted(static_cast<size_t>(graph.value_count()), false);
  const auto want = [&](ValueId id) {
    if (id != kNoValue) wanted[static_cast<size_t>(id)] = true;
  };
  for (const Graph::Output& output : graph.outputs()) want(output.value);
  std::vector<Node>& nodes = graph.nodes();
  for (size_t i = nodes.size(); i-- > 0;) {
    dead[i] =
        dead[i] || std::none_of(nodes[i].outputs.begin(), nodes[i].outputs.end(), [&](ValueId id) {
          return id != kNoValue && wanted[static_cast<size_t>(id)];
        });
    if (dead[i]) continue;
    for (const ValueId id : nodes[i].inputs) want(id);
    for (const PostOp& post_op : nodes[i].post_ops) {
      for (const ValueId id : post_op.operands) want(id);
    }
  }
  size_t i = 0;
  std::erase_if(nodes, [&](const Node&) { return dead[i++]; });
}

}  // namespace

absl::StatusOr<Graph> BindShapes(const Graph& graph, std::span<const Shape> input_shapes,
                                 const ComputeConstants& compute) {
  Graph bound = graph;
  RECTIFIER_RETURN_IF_ERROR(SetInputShapes(bound, input_shapes));
  int64_t room = kMaxFoldedBytesTogether;
  std::vector<bool> folded(bound.nodes().size(), false);
  const auto fold = [&](ValueId id, Tensor tensor) {
    room -= static_cast<int64_t>(tensor.bytes().size());
    bound.value(id).type = tensor.type();
    bound.value(id).constant = std::make_shared<const Tensor>(std::move(tensor));
  };
  for (size_t i = 0; i < bound.nodes().size(); ++i) {
    const Node& node = bound.nodes()[i];
    RECTIFIER_RETURN_IF_ERROR(InferNodeTypes(bound, node));
    RECTIFIER_ASSIGN_OR_RETURN(std::optional<Tensor> value, ValueFromShapes(bound, node));
    if (value) {
      fold(node.outputs[0], *std::move(value));
      folded[i] = true;
    } else if (HasConstantInputs(bound, node) && IsSmall(bound, node, room)) {
      RECTIFIER_ASSIGN_OR_RETURN(std::vector<Tensor> values,
                                 compute(ConstantNodeGraph(bound, node)));
      auto next = values.begin();
      for (const ValueId id : node.outputs) {
        if (id != kNoValue) fold(id, std::move(*next++));
      }
      folded[i] = true;
    }
  }
  RemoveDeadNodes(bound, std::move(folded));
  return bound;
}

}  // namespace rectifier
