#include <utility>
#include <vector>

#include "server/core/status.h"
#include "server/graph/uses.h"
#include "server/ops/rectifier.h"
#include "server/passes/passes.h"
#include "server/passes/rewrite.h"

namespace rectifier {

namespace {

bool CanFuse(const Graph& graph, const Node& into, const Node& activation) {
  const int rank = graph.value(activation.outputs[0]).type->shape.rank();
  const auto axis = PostOpChannelAxis(into.op, rank);
  const Tensor* slope = graph.constant(activation.inputs[1]);
  if (!axis || slope == nullptr) return false;
  if (into.op == "MatMul") {
    // Only a product with a constant matrix has its columns as channels.
    const Tensor* b = graph.constant(into.inputs[1]);
    if (b == nullptr || b->shape().rank() != 2) return false;
  }
  return UniformSlope(*slope).has_value() || SlopeVariesOnlyAlong(slope->shape(), rank, *axis);
}

}  // namespace

absl::StatusOr<int> FuseRectifiers(Graph& graph, const PassContext& /*context*/) {
  const Uses uses(graph);
  // A node takes over the output of the activation behind it, so that the next one finds it again.
  std::vector<int> producers(static_cast<size_t>(graph.value_count()));
  for (ValueId id = 0; id < graph.value_count(); ++id) {
    producers[static_cast<size_t>(id)] = uses.producer(id);
  }
  std::vector<bool> dead(graph.nodes().size(), false);
  for (size_t i = 0; i < graph.nodes().size(); ++i) {
    Node& node = graph.nodes()[i];
    if (node.op != "Rectifier") continue;
    const ValueId x = node.inputs[0];
    const int producer = producers[static_cast<size_t>(x)];
    if (producer < 0 || !uses.HasSingleReader(x)) continue;
    Node& into = graph.nodes()[static_cast<size_t>(producer)];
    if (!CanFuse(graph, into, node)) continue;
    into.post_ops.push_back({node.name, node.op, std::move(node.attributes), {node.inputs[1]}});
    into.outputs[0] = node.outputs[0];
    producers[static_cast<size_t>(node.outputs[0])] = producer;
    dead[i] = true;
  }
  return EraseNodes(graph, dead);
}

}  // namespace rectifier
