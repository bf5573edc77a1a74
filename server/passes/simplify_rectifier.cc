#include "server/core/status.h"
#include "server/ops/rectifier.h"
#include "server/passes/pass.h"

namespace rectifier {

absl::StatusOr<int> SimplifyRectifiers(Graph& graph, const PassContext& context);

absl::StatusOr<int> SimplifyRectifiers(Graph& graph, const PassContext& /*context*/) {
  int changes = 0;
  for (Node& node : graph.nodes()) {
    if (node.op != "Rectifier") continue;
    const Tensor* slope = graph.constant(node.inputs[1]);
    if (slope == nullptr) continue;
    const auto alpha = UniformSlope(*slope);
    if (!alpha) continue;
    if (*alpha == 1) {
      node.op = "Identity";
      node.attributes.clear();
      node.inputs.resize(1);
      ++changes;
    } else if (slope->shape().rank() > 0) {
      const std::string name = graph.UniqueName(graph.value(node.inputs[1]).name + ".scalar");
      node.inputs[1] = graph.AddConstant(name, Tensor::Scalar(*alpha));
      ++changes;
    }
  }
  return changes;
}

}  // namespace rectifier
