#pragma once

#include <vector>

#include "server/graph/graph.h"

namespace rectifier {

// Who computes and who reads each value of a graph, as it was when this was made. Nodes are named
// by their index in graph.nodes().
class Uses {
 public:
  explicit Uses(const Graph& graph);

  // The index of the node that computes the value, or -1 for inputs and constants.
  int producer(ValueId id) const { return producers_[static_cast<size_t>(id)]; }

  // The nodes that read the value, once for each time they name it.
  const std::vector<int>& readers(ValueId id) const { return readers_[static_cast<size_t>(id)]; }

  bool is_output(ValueId id) const { return outputs_[static_cast<size_t>(id)]; }

  // One node reads it, once, and it is no output of the graph.
  bool HasSingleReader(ValueId id) const { return readers(id).size() == 1 && !is_output(id); }

 private:
  std::vector<int> producers_;
  std::vector<std::vector<int>> readers_;
  std::vector<bool> outputs_;
};

}  // namespace rectifier
