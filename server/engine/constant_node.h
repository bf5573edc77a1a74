#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "server/engine/compiler.h"
#include "server/graph/graph.h"

namespace rectifier {

// Computes the outputs of a graph without inputs.
using ComputeConstants = std::function<absl::StatusOr<std::vector<Tensor>>(const Graph& graph)>;

// The values of the node's outputs (but for those that are left out), when they follow from
// constants and known shapes alone and have at most `max_bytes` together; else nullopt. What has a
// shape only once its inputs are known (Range, NonZero) and what follows from shapes (Shape, Size)
// is found here; everything else `compute` is asked for.
//
// Precondition: the node's types are inferred.
absl::StatusOr<std::optional<std::vector<Tensor>>> FoldNode(const Graph& graph, const Node& node,
                                                            int64_t max_bytes,
                                                            const ComputeConstants& compute);

// Computes with Programs of a compiler that this makes.
ComputeConstants ComputeWith(CompilerFactory new_compiler);

}  // namespace rectifier
