#pragma once

#include <span>

#include "absl/status/statusor.h"
#include "server/engine/constant_node.h"
#include "server/graph/graph.h"

namespace rectifier {

// `graph` with its inputs of these shapes (in the order of graph.inputs()): all types are known,
// and what follows from shapes and constants alone is a constant, as long as it is small. Nodes
// that nothing reads any more are gone.
//
// INVALID_ARGUMENT for shapes that do not fit the inputs; errors of the operators name the node.
absl::StatusOr<Graph> BindShapes(const Graph& graph, std::span<const Shape> input_shapes,
                                 const ComputeConstants& compute);

}  // namespace rectifier
