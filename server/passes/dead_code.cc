#include <vector>

#include "server/graph/dead_nodes.h"
#include "server/passes/passes.h"

namespace rectifier {

absl::StatusOr<int> RemoveDeadCode(Graph& graph, const PassContext& /*context*/) {
  return RemoveDeadNodes(graph, std::vector<bool>(graph.nodes().size(), false));
}

}  // namespace rectifier
