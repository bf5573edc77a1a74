#include "server/engine/constant_node.h"

#include <algorithm>
#include <utility>

#include "server/ops/range.h"
#include "server/ops/shape_of.h"

namespace rectifier {

bool HasConstantInputs(const Graph& graph, const Node& node) {
  return std::all_of(node.inputs.begin(), node.inputs.end(),
                     [&](ValueId id) { return id == kNoValue || graph.constant(id) != nullptr; });
}

Graph ConstantNodeGraph(const Graph& graph, const Node& node) {
  Graph single;
  single.name = node.name;
  Node copy = node;
  for (ValueId& id : copy.inputs) {
    if (id == kNoValue) continue;
    const Value& value = graph.value(id);
    id = single.AddConstant(single.UniqueName(value.name), value.constant);
  }
  for (ValueId& id : copy.outputs) {
    if (id == kNoValue) continue;
    id = single.AddValue({single.UniqueName(graph.value(id).name), std::nullopt, nullptr});
    single.outputs().push_back({single.value(id).name, id});
  }
  single.nodes().push_back(std::move(copy));
  return single;
}

absl::StatusOr<std::optional<Tensor>> ValueFromShapes(const Graph& graph, const Node& node) {
  if (node.op == "Shape" || node.op == "Size") {
    return ShapeTensor(node, graph.value(node.inputs[0]).type->shape);
  }
  if (!HasConstantInputs(graph, node)) return std::nullopt;
  const auto constant = [&](size_t i) -> const Tensor& { return *graph.constant(node.inputs[i]); };
  if (node.op == "Range") return RangeTensor(constant(0), constant(1), constant(2));
  if (node.op == "NonZero") return NonZeroTensor(constant(0));
  return std::nullopt;
}

}  // namespace rectifier
