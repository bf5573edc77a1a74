#pragma once

#include <vector>

#include "server/graph/graph.h"

namespace rectifier {

// Takes out the nodes whose entry in `dead` is true, and all whose results nobody reads then. The
// others keep their order. Returns how many are gone.
int RemoveDeadNodes(Graph& graph, std::vector<bool> dead);

}  // namespace rectifier
