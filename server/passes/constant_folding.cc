#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "server/core/status.h"
#include "server/engine/constant_node.h"
#include "server/engine/execution_context.h"
#include "server/ops/infer_types.h"
#include "server/ops/rectifier.h"
#include "server/passes/passes.h"
#include "server/passes/rewrite.h"

namespace rectifier {

namespace {

// What does not fit into `room` is computed anew each time rather than kept.
bool CanFold(const Graph& graph, const Node& node, int64_t room) {
  if (!HasConstantInputs(graph, node) || !node.post_ops.empty()) return false;
  int64_t all = 0;
  for (const ValueId id : node.outputs) {
    if (id == kNoValue) continue;
    const auto bytes = CheckedByteSize(*graph.value(id).type);
    if (!bytes.ok() || *bytes > room) return false;
    all += *bytes;
  }
  return all <= room;
}

// Computes a node whose inputs are all constants with the engine itself.
absl::StatusOr<std::vector<Tensor>> Compute(const Graph& graph, const Node& node,
                                            const PassContext& context) {
  Graph single = ConstantNodeGraph(graph, node);
  RECTIFIER_RETURN_IF_ERROR(InferTypes(single));
  RECTIFIER_ASSIGN_OR_RETURN(auto program, context.new_compiler({})->Compile(single, {}));
  return ExecutionContext().Run(program, {});
}

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
  const auto fold = [&](ValueId id, Tensor tensor) {
    room -= static_cast<int64_t>(tensor.bytes().size());
    graph.value(id).type = tensor.type();
    graph.value(id).constant = std::make_shared<const Tensor>(std::move(tensor));
  };
  for (size_t i = 0; i < graph.nodes().size(); ++i) {
    const Node& node = graph.nodes()[i];
    // What was folded before may be what this node's shape depends on.
    RECTIFIER_RETURN_IF_ERROR(InferNodeTypes(graph, node));
    RECTIFIER_ASSIGN_OR_RETURN(std::optional<Tensor> value, ValueFromShapes(graph, node));
    if (value) {
      fold(node.outputs[0], *std::move(value));
      folded[i] = true;
    } else if (CanFold(graph, node, room)) {
      RECTIFIER_ASSIGN_OR_RETURN(std::vector<Tensor> values, Compute(graph, node, context));
      auto next = values.begin();
      for (const ValueId id : node.outputs) {
        if (id != kNoValue) fold(id, std::move(*next++));
      }
      folded[i] = true;
    }
  }
  RECTIFIER_RETURN_IF_ERROR(CheckSlopes(graph));
  return EraseNodes(graph, folded);
}

}  // namespace rectifier
