#include "server/engine/bind_shapes.h"

#include <utility>

#include "server/core/status.h"
#include "server/graph/dead_nodes.h"
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

}  // namespace

absl::StatusOr<Graph> BindShapes(const Graph& graph, std::span<const Shape> input_shapes,
                                 const ComputeConstants& compute) {
  Graph bound = graph;
  RECTIFIER_RETURN_IF_ERROR(SetInputShapes(bound, input_shapes));
  int64_t room = kMaxFoldedBytesTogether;
  std::vector<bool> folded(bound.nodes().size(), false);
  for (size_t i = 0; i < bound.nodes().size(); ++i) {
    const Node& node = bound.nodes()[i];
    RECTIFIER_RETURN_IF_ERROR(InferNodeTypes(bound, node));
    RECTIFIER_ASSIGN_OR_RETURN(auto values,
                               FoldNode(bound, node, std::min(room, kMaxFoldedBytes), compute));
    if (!values) continue;
    for (const Tensor& value : *values) room -= static_cast<int64_t>(value.bytes().size());
    bound.SetConstants(node, *std::move(values));
    folded[i] = true;
  }
  RemoveDeadNodes(bound, std::move(folded));
  return bound;
}

}  // namespace rectifier
