#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/graph/graph.h"

namespace rectifier {

// How many nodes of a bound graph, from the first on, work sample by sample: what they make of the
// samples i to j of a batch of `samples` is the samples i to j of what they make of all. `batched`
// says which inputs of the graph have a sample in each of their first dimension's positions.
//
// Operators that are not known to do so end the row, as do operands of other shapes.
size_t SamplewisePrefix(const Graph& bound, const std::vector<bool>& batched, int64_t samples);

}  // namespace rectifier
