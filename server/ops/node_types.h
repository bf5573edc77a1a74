#pragma once

#include <string>

#include "server/core/status.h"
#include "server/graph/graph.h"

namespace rectifier {

// A node together with the types of what it reads: what an operator's checks and shape inference
// work on. Dimensions may be dynamic; whatever follows from one is dynamic too.
class NodeTypes {
 public:
  NodeTypes(Graph& graph, const Node& node) : graph_(graph), node_(node), place_(Place(node)) {}

  const Graph& graph() const { return graph_; }
  const Node& node() const { return node_; }
  const std::string& place() const { return place_; }

  int input_count() const { return static_cast<int>(node_.inputs.size()); }
  bool HasInput(int i) const { return i < input_count() && id(i) != kNoValue; }
  const TensorType& type(int i) const { return *graph_.value(id(i)).type; }
  const Shape& shape(int i) const { return type(i).shape; }
  const std::string& name(int i) const { return graph_.value(id(i)).name; }
  // The constant that input `i` is, or null.
  const Tensor* constant(int i) const { return HasInput(i) ? graph_.constant(id(i)) : nullptr; }

  void SetOutput(int i, TensorType type);

  // Errors that name the node and the input.
  absl::Status ExpectFloat(int i) const;
  absl::Status ExpectRank(int i, int rank) const;
  absl::Status ExpectRankAtLeast(int i, int rank) const;
  // Input `i` is 1-D with `size` elements; either may be dynamic.
  absl::Status ExpectVector(int i, int64_t size) const;

 private:
  ValueId id(int i) const { return node_.inputs[static_cast<size_t>(i)]; }

  Graph& graph_;
  const Node& node_;
  std::string place_;
};

// `axis` counted from the front; INVALID_ARGUMENT, naming `what` it is, unless it is in
// [-rank, rank).
absl::StatusOr<int> NormalizeAxis(std::string_view place, int64_t axis, int rank,
                                  std::string_view what = "attribute axis");

// Equal, or one of the two is dynamic.
inline bool DimsAgree(int64_t a, int64_t b) { return a == b || a < 0 || b < 0; }

}  // namespace rectifier
