#include <map>

#include "server/core/status.h"
#include "server/ops/rectifier.h"
#include "server/passes/passes.h"

namespace rectifier {

absl::StatusOr<int> SimplifyRectifiers(Graph& graph, const PassContext& /*context*/) {
  int changes = 0;
  std::map<ValueId, ValueId> scalars;  // a slope that many nodes share becomes one scalar
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
      const auto [scalar, added] = scalars.try_emplace(node.inputs[1], kNoValue);
      if (added) {
        const std::string name = graph.UniqueName(graph.value(node.inputs[1]).name + ".scalar");
        scalar->second = graph.AddConstant(name, Tensor::Scalar(*alpha));
      }
      node.inputs[1] = scalar->second;
      ++changes;
    }
  }
  return changes;
}

}  // namespace rectifier
