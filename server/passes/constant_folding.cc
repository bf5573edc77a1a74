#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "server/core/status.h"
#include "server/engine/execution_context.h"
#include "server/ops/rectifier.h"
#include "server/passes/passes.h"
#include "server/passes/rewrite.h"

namespace rectifier {

namespace {

// What does not fit into `room` is computed anew each time rather than kept.
bool CanFold(const Graph& graph, const Node& node, int64_t room) {
  const bool constants = std::all_of(node.inputs.begin(), node.inputs.end(), [&](ValueId id) {
    return id == kNoValue || graph.constant(id) != nullptr;
  });
  if (!constants || node.outputs.size() != 1 || !node.post_ops.empty()) return false;
  const TensorType& type = *graph.value(node.outputs[0]).type;
  const auto bytes = CheckedByteSize(type);
  return type.dtype == DType::kFloat32 && bytes.ok() && *bytes > 0 && *bytes <= room;
}

// Computes a node whose inputs are all constants with the engine itself.
absl::StatusOr<Tensor> Compute(const Graph& graph, const Node& node, const PassContext& context) {
  Graph single;
  single.name = node.name;
  std::vector<ValueId> inputs;
  for (const ValueId id : node.inputs) {
    if (id == kNoValue) {
      inputs.push_back(kNoValue);
      continue;
    }
    const Value& value = graph.value(id);
    inputs.push_back(single.AddConstant(single.UniqueName(value.name), value.constant));
  }
  const ValueId result =
      single.AddNode(node.op, std::move(inputs),
                     single.UniqueName(graph.value(node.outputs[0]).name), node.attributes);
  single.nodes().back().name = node.name;  // for messages
  single.outputs().push_back({"result", result});
  RECTIFIER_ASSIGN_OR_RETURN(auto program, context.new_compiler({})->Compile(single, {}));
  RECTIFIER_ASSIGN_OR_RETURN(std::vector<Tensor> outputs, ExecutionContext().Run(program, {}));
  return std::move(outputs[0]);
}

// What an importer checks of the slopes in a file holds for those that were computed, too.
absl::Status CheckSlopes(const Graph& graph) {
  for (const Node& node : graph.nodes()) {
    const Tensor* slope = node.op == "Rectifier" ? graph.constant(node.inputs[1]) : nullptr;
    if (slope == nullptr) continue;
    RECTIFIER_RETURN_IF_ERROR(CheckSlopeIsFinite(Place(node), *slope));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<int> FoldConstants(Graph& graph, const PassContext& context) {
  std::vector<bool> folded(graph.nodes().size(), false);
  int64_t room = kMaxAddedBytes;
  for (size_t i = 0; i < graph.nodes().size(); ++i) {
    const Node& node = graph.nodes()[i];
    if (!CanFold(graph, node, room)) continue;
    RECTIFIER_ASSIGN_OR_RETURN(Tensor tensor, Compute(graph, node, context));
    room -= static_cast<int64_t>(tensor.bytes().size());
    Value& value = graph.value(node.outputs[0]);
    value.type = tensor.type();
    value.constant = std::make_shared<const Tensor>(std::move(tensor));
    folded[i] = true;
  }
  RECTIFIER_RETURN_IF_ERROR(CheckSlopes(graph));
  return EraseNodes(graph, folded);
}

}  // namespace rectifier
