#pragma once

#include <string>

#include "server/graph/graph.h"

namespace rectifier {

// The graph in the language of Graphviz (`dot -Tsvg`): a box for each node, with its operator, name
// and fused operators, and an arrow for each value that is no constant, with its type.
std::string GraphDot(const Graph& graph);

}  // namespace rectifier
