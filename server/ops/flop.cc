#include "server/ops/flop.h"

namespace rectifier {

double Flop(const Graph& graph, const Node& node) {
  const auto shape = [&](ValueId id) -> const Shape& { return graph.value(id).type->shape; };
  const auto elements = [&](ValueId id) { return static_cast<double>(shape(id).ElementCount()); };
  if (node.op == "Conv") {
    const Shape& w = shape(node.inputs[1]);
    return 2 * elements(node.outputs[0]) * elements(node.inputs[1]) / static_cast<double>(w[0]);
  }
  if (node.op == "ConvTranspose") {
    const Shape& w = shape(node.inputs[1]);
    return 2 * elements(node.inputs[0]) * elements(node.inputs[1]) / static_cast<double>(w[0]);
  }
  if (node.op == "Gemm") {
    const Shape& y = shape(node.outputs[0]);
    return 2 * elements(node.inputs[0]) * static_cast<double>(y[1]);
  }
  if (node.op == "MatMul") {
    const Shape& a = shape(node.inputs[0]);
    return 2 * elements(node.outputs[0]) * static_cast<double>(a[a.rank() - 1]);
  }
  return 0;
}

double Flop(const Graph& graph) {
  double flop = 0;
  for (const Node& node : graph.nodes()) flop += Flop(graph, node);
  return flop;
}

}  // namespace rectifier
