#pragma once

#include "absl/status/status.h"
#include "server/graph/graph.h"

namespace rectifier {

// Checks what holds for every graph, whatever its operators: value ids are in range, names are
// there and unique, every value has one definition that comes before its readers, constants have
// the size that their type says. INVALID_ARGUMENT names the node or value.
absl::Status VerifyGraph(const Graph& graph);

}  // namespace rectifier
