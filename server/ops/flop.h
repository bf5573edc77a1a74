#pragma once

#include "server/graph/graph.h"

namespace rectifier {

// Floating-point operations of a node whose shapes are known, as papers count them: two for each
// product of a convolution or a matrix product and the sum that it goes into; 0 for all other
// operators. Products with padding count; it is what the formula asks for, not what is run.
double Flop(const Graph& graph, const Node& node);

// Of all nodes of a graph.
double Flop(const Graph& graph);

}  // namespace rectifier
