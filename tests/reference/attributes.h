#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/graph/graph.h"

namespace rectifier::reference {

// The attribute of this name, or `otherwise` when the node has none.
template <typename T>
T AttributeOr(const Node& node, std::string_view name, T otherwise) {
  const auto found = node.attributes.find(name);
  return found == node.attributes.end() ? otherwise : std::get<T>(found->second);
}

inline std::vector<int64_t> IntsOr(const Node& node, std::string_view name,
                                   std::vector<int64_t> otherwise) {
  std::vector<int64_t> values = AttributeOr<std::vector<int64_t>>(node, name, {});
  return values.empty() ? otherwise : values;
}

// The axis, counted from the front.
inline int64_t FromFront(int64_t axis, int rank) { return axis < 0 ? axis + rank : axis; }

}  // namespace rectifier::reference
