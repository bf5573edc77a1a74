#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "server/graph/graph.h"

namespace rectifier {

// Reads a node's attributes by name and type, and refuses those that nobody asked for.
//
// The first error is kept; later reads return their defaults, so that callers read everything and
// then look at Finish() once.
class AttributeReader {
 public:
  explicit AttributeReader(const Node& node) : attributes_(node.attributes), place_(Place(node)) {}
  AttributeReader(const Attributes& attributes, std::string place)
      : attributes_(attributes), place_(std::move(place)) {}

  bool Has(std::string_view name) const { return attributes_.find(name) != attributes_.end(); }

  int64_t Int(std::string_view name, int64_t otherwise);
  bool Bool(std::string_view name, bool otherwise);  // 0 or 1
  float Float(std::string_view name, float otherwise);
  std::string String(std::string_view name, std::string otherwise);
  std::vector<int64_t> Ints(std::string_view name);  // empty when absent

  // INVALID_ARGUMENT for the first attribute of a wrong type, or one that was never read.
  absl::Status Finish() const;

 private:
  template <typename T>
  T Read(std::string_view name, T otherwise, std::string_view type);

  const Attributes& attributes_;
  std::string place_;
  std::set<std::string, std::less<>> read_;
  absl::Status error_;
};

}  // namespace rectifier
