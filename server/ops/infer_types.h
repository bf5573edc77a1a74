#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "server/graph/graph.h"

namespace rectifier {

// Bytes of one tensor, above which a graph is refused: no network of this kind comes near.
inline constexpr int64_t kMaxTensorBytes = int64_t{1} << 40;

// Checks every node against its operator (known, number of inputs and outputs, attributes, types)
// and sets the types of all values from those of the graph's inputs. Also checks that no shape can
// overflow. INVALID_ARGUMENT or UNIMPLEMENTED names node, operator and attribute or input.
//
// Precondition: VerifyGraph() is OK.
absl::Status InferTypes(Graph& graph);

// The same for a single node whose inputs have types.
absl::Status InferNodeTypes(Graph& graph, const Node& node);

}  // namespace rectifier
