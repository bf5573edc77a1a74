#include <algorithm>
#include <vector>

#include "server/core/status.h"
#include "server/ops/pad.h"
#include "server/ops/transpose.h"
#include "server/passes/passes.h"
#include "server/passes/rewrite.h"

namespace rectifier {

namespace {

bool KeepsOrder(const Node& node, int rank) {
  const auto attributes = TransposeAttributes::Read(node, rank);
  return attributes.ok() && std::is_sorted(attributes->perm.begin(), attributes->perm.end());
}

bool PadsNothing(const Graph& graph, const Node& node, int rank) {
  const auto is_zero = [](int64_t pad) { return pad == 0; };
  const auto pad = ReadPad(graph, node, rank);
  return pad.ok() && std::all_of(pad->begin.begin(), pad->begin.end(), is_zero) &&
         std::all_of(pad->end.begin(), pad->end.end(), is_zero);
}

// The result is the first input, element by element, and of the same shape.
bool IsIdentity(const Graph& graph, const Node& node) {
  const TensorType& from = *graph.value(node.inputs[0]).type;
  const TensorType& to = *graph.value(node.outputs[0]).type;
  if (node.op == "Identity") return true;
  if (node.op == "Cast") return from.dtype == to.dtype;
  if (node.op == "Concat") return node.inputs.size() == 1;
  if (node.op == "Transpose") return KeepsOrder(node, from.shape.rank());
  if (node.op == "Pad") return PadsNothing(graph, node, from.shape.rank());
  if (node.op == "Reshape" || node.op == "Flatten") {
    // With one dynamic dimension, the same on both sides, the others fix it.
    const auto dims = from.shape.dims();
    return from == to && std::count(dims.begin(), dims.end(), kDynamicDim) <= 1;
  }
  return false;
}

}  // namespace

absl::StatusOr<int> RemoveIdentities(Graph& graph, const PassContext& /*context*/) {
  std::vector<bool> dead(graph.nodes().size(), false);
  // What each value that was an identity's result is now.
  std::vector<ValueId> now(static_cast<size_t>(graph.value_count()));
  for (size_t id = 0; id < now.size(); ++id) now[id] = static_cast<ValueId>(id);
  const auto replace = [&](ValueId& id) {
    if (id != kNoValue) id = now[static_cast<size_t>(id)];
  };
  for (size_t i = 0; i < graph.nodes().size(); ++i) {
    Node& node = graph.nodes()[i];
    for (ValueId& id : node.inputs) replace(id);
    for (PostOp& post_op : node.post_ops) {
      for (ValueId& id : post_op.operands) replace(id);
    }
    if (node.post_ops.empty() && IsIdentity(graph, node)) {
      now[static_cast<size_t>(node.outputs[0])] = node.inputs[0];
      dead[i] = true;
    }
  }
  for (Graph::Output& output : graph.outputs()) replace(output.value);
  return EraseNodes(graph, dead);
}

}  // namespace rectifier
