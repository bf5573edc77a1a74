#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/graph/graph.h"
#include "server/import/limits.h"
#include "server/import/model_importer.h"

namespace rectifier {

// Appends nodes to a graph whose values all have types: so that what a layer becomes can follow
// from the shapes it is given. What follows from constants alone is a constant.
class GraphBuilder {
 public:
  GraphBuilder(const ImportLimits& limits, const NodeFolder& fold) : limits_(limits), fold_(fold) {}

  Graph& graph() { return graph_; }

  const TensorType& type(ValueId id) const { return *graph_.value(id).type; }
  const Shape& shape(ValueId id) const { return type(id).shape; }

  // Constants are named `base`, or that with a number.
  ValueId AddConstant(std::string_view base, Tensor tensor);
  ValueId AddConstant(std::string_view base, std::shared_ptr<const Tensor> tensor);

  // A node of the layer `name` and its one result. INVALID_ARGUMENT and UNIMPLEMENTED are the
  // operator's, with `place` for the node; RESOURCE_EXHAUSTED above limits.max_nodes nodes.
  absl::StatusOr<ValueId> Add(const std::string& place, const std::string& name,
                              std::string_view op, std::vector<ValueId> inputs,
                              Attributes attributes);

 private:
  const ImportLimits& limits_;
  const NodeFolder& fold_;
  Graph graph_;
  int64_t nodes_ = 0;  // that were added, also those that became constants
};

}  // namespace rectifier
