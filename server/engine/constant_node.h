#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "server/graph/graph.h"

namespace rectifier {

// Every input of the node is a constant (or left out).
bool HasConstantInputs(const Graph& graph, const Node& node);

// A graph of nothing but this node, whose inputs are constants; its outputs are the node's.
Graph ConstantNodeGraph(const Graph& graph, const Node& node);

// The value of a node that is known as soon as shapes are, or that has a shape only once its inputs
// are: Shape, Size, Range, NonZero. nullopt while something that it depends on is not known, and
// for all other operators.
absl::StatusOr<std::optional<Tensor>> ValueFromShapes(const Graph& graph, const Node& node);

}  // namespace rectifier
