#include <algorithm>
#include <vector>

#include "server/core/status.h"
#include "server/passes/passes.h"
#include "server/passes/rewrite.h"

namespace rectifier {

absl::StatusOr<int> RemoveDeadCode(Graph& graph, const PassContext& /*context*/) {
  std::vector<bool> wanted(static_cast<size_t>(graph.value_count()), false);
  const auto want = [&](ValueId id) {
    if (id != kNoValue) wanted[static_cast<size_t>(id)] = true;
  };
  for (const Graph::Output& output : graph.outputs()) want(output.value);
  std::vector<bool> dead(graph.nodes().size(), false);
  // Readers come after what they read, so one walk from the back sees every reader first.
  for (size_t i = graph.nodes().size(); i-- > 0;) {
    const Node& node = graph.nodes()[i];
    dead[i] = std::none_of(node.outputs.begin(), node.outputs.end(), [&](ValueId id) {
      return id != kNoValue && wanted[static_cast<size_t>(id)];
    });
    if (dead[i]) continue;
    for (const ValueId id : node.inputs) want(id);
    for (const PostOp& post_op : node.post_ops) {
      for (const ValueId id : post_op.operands) want(id);
    }
  }
  return EraseNodes(graph, dead);
}

}  // namespace rectifier
