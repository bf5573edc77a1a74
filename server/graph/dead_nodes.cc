#include "server/graph/dead_nodes.h"

#include <algorithm>

namespace rectifier {

int RemoveDeadNodes(Graph& graph, std::vector<bool> dead) {
  std::vector<bool> wanted(static_cast<size_t>(graph.value_count()), false);
  const auto want = [&](ValueId id) {
    if (id != kNoValue) wanted[static_cast<size_t>(id)] = true;
  };
  for (const Graph::Output& output : graph.outputs()) want(output.value);
  std::vector<Node>& nodes = graph.nodes();
  // Readers come after what they read, so one walk from the back sees every reader first.
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
  return static_cast<int>(std::erase_if(nodes, [&](const Node&) { return dead[i++]; }));
}

}  // namespace rectifier
