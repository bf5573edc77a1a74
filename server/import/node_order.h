#pragma once

#include <vector>

namespace rectifier {

// Nodes, by index, in an order in which each comes after those that it depends on.
struct NodeOrder {
  std::vector<int> order;  // empty when there is a cycle
  std::vector<int> cycle;  // the nodes of one, each feeding the next and the last the first
};

// dependencies[i] are the nodes whose results node i reads. The order stays as close to 0, 1, 2 …
// as it can. Iterative, O((nodes + dependencies) · log nodes).
NodeOrder OrderNodes(const std::vector<std::vector<int>>& dependencies);

}  // namespace rectifier
