#include <utility>
#include <vector>

#include "server/core/status.h"
#include "server/engine/constant_node.h"
#include "server/ops/infer_types.h"
#include "server/ops/rectifier.h"
#include "server/passes/passes.h"
#include "server/passes/rewrite.h"

namespace rectifier {

namespace {

// What an importer checks of the slopes in a file holds for those that were computed, too.
absl::Status CheckSlopes(const Graph& graph) {
  for (const Node& node : graph.nodes()) {
    const Tensor* slope = node.op == "Rectifier" ? graph.constant(node.inputs[1]) : nullptr;
    if (slope == nullptr) continue;
    RECTIFIER_RETURN_IF_ERROR(CheckSlopeIsFinite(Place(node), *slope));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<int> FoldConstants(Graph& graph, const PassContext& context) {
  std::vector<bool> folded(graph.nodes().size(), false);
  int64_t room = kMaxAddedBytes;
  // The engine itself computes them.
  const ComputeConstants compute = ComputeWith(context.new_compiler);
  for (size_t i = 0; i < graph.nodes().size(); ++i) {
    const Node& node = graph.nodes()[i];
    // What was folded before may be what this node's shape depends on.
    RECTIFIER_RETURN_IF_ERROR(InferNodeTypes(graph, node));
    // What does not fit is computed anew each time rather than kept.
    RECTIFIER_ASSIGN_OR_RETURN(auto values, FoldNode(graph, node, room, compute));
    if (!values) continue;
    for (const Tensor& value : *values) room -= static_cast<int64_t>(value.bytes().size());
    graph.SetConstants(node, *std::move(values));
    folded[i] = true;
  }
  RECTIFIER_RETURN_IF_ERROR(CheckSlopes(graph));
  return EraseNodes(graph, folded);
}

}  // namespace rectifier
