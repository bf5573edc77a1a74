#pragma once

#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "server/core/tensor.h"
#include "server/graph/graph.h"

namespace rectifier {

// Computes the outputs of `graph` node by node with the kernels of this folder: slow, in double
// from the first node to the last, and rounded once at the end. What the engine is compared with;
// never linked into the server.
//
// The graph has passed InferTypes(). INVALID_ARGUMENT when `inputs` are not of the types of
// graph.inputs(), UNIMPLEMENTED for an operator without a kernel.
absl::StatusOr<std::vector<Tensor>> RunReference(const Graph& graph,
                                                 std::span<const Tensor> inputs);

}  // namespace rectifier
