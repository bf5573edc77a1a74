#pragma once

#include <cstdint>
#include <vector>

#include "server/graph/graph.h"

namespace rectifier {

// The most that one pass adds in constants which the file did not hold: a small file must not grow
// into gigabytes by being loaded.
inline constexpr int64_t kMaxAddedBytes = int64_t{64} << 20;

// Takes out the nodes whose entry in `dead` is true; the others keep their order. Returns how many.
inline int EraseNodes(Graph& graph, const std::vector<bool>& dead) {
  std::vector<Node> kept;
  kept.reserve(graph.nodes().size());
  int erased = 0;
  for (size_t i = 0; i < graph.nodes().size(); ++i) {
    if (dead[i]) {
      ++erased;
    } else {
      kept.push_back(std::move(graph.nodes()[i]));
    }
  }
  graph.nodes() = std::move(kept);
  return erased;
}

}  // namespace rectifier
