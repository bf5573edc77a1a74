#pragma once

#include <cstdint>
#include <vector>

#include "server/graph/graph.h"

namespace rectifier {

// The shapes of a typed graph's values with a name for every dimension that is not known yet, so
// that two of them can be told to be the same whatever they turn out to be. A name is kept through
// elementwise operators and normalizations, the batch's through whatever works sample by sample,
// and a height, width or length through convolutions that are padded to keep it.
class SymbolicShapes {
 public:
  explicit SymbolicShapes(const Graph& graph);

  // Both have the same shape in every run. False where that is not known.
  bool Same(ValueId a, ValueId b) const;

 private:
  // One entry for each dimension: its size, or a negative number that is its name.
  using Dims = std::vector<int64_t>;

  Dims OfNode(const Graph& graph, const Node& node, const Dims& from_type) const;
  const Dims& Of(ValueId id) const { return dims_[static_cast<size_t>(id)]; }

  std::vector<Dims> dims_;  // of each value; empty for one that has no type
};

}  // namespace rectifier
