#include "server/import/node_order.h"

#include <algorithm>
#include <functional>
#include <queue>

namespace rectifier {
namespace {

// `waiting` says which nodes have a dependency that is waiting too, so that going from dependency
// to dependency ends up on a cycle.
std::vector<int> FindCycle(const std::vector<std::vector<int>>& dependencies,
                           const std::vector<bool>& waiting) {
  const auto first = std::find(waiting.begin(), waiting.end(), true);
  std::vector<int> path;
  std::vector<int> position(waiting.size(), -1);
  for (auto node = static_cast<int>(first - waiting.begin());;) {
    const auto index = static_cast<size_t>(node);
    if (position[index] >= 0) {
      std::vector<int> cycle(path.begin() + position[index], path.end());
      std::reverse(cycle.begin(), cycle.end());
      return cycle;
    }
    position[index] = static_cast<int>(path.size());
    path.push_back(node);
    node = *std::find_if(dependencies[index].begin(), dependencies[index].end(),
                         [&](int other) { return waiting[static_cast<size_t>(other)]; });
  }
}

}  // namespace

NodeOrder OrderNodes(const std::vector<std::vector<int>>& dependencies) {
  const size_t count = dependencies.size();
  std::vector<std::vector<int>> readers(count);
  std::vector<size_t> missing(count);
  std::priority_queue<int, std::vector<int>, std::greater<>> ready;
  for (size_t i = 0; i < count; ++i) {
    missing[i] = dependencies[i].size();
    for (const int other : dependencies[i]) {
      readers[static_cast<size_t>(other)].push_back(static_cast<int>(i));
    }
    if (missing[i] == 0) ready.push(static_cast<int>(i));
  }
  NodeOrder result;
  std::vector<bool> waiting(count, true);
  while (!ready.empty()) {
    const int node = ready.top();
    ready.pop();
    result.order.push_back(node);
    waiting[static_cast<size_t>(node)] = false;
    for (const int reader : readers[static_cast<size_t>(node)]) {
      if (--missing[static_cast<size_t>(reader)] == 0) ready.push(reader);
    }
  }
  if (result.order.size() < count) return {{}, FindCycle(dependencies, waiting)};
  return result;
}

}  // namespace rectifier
