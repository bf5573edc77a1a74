#include "server/engine/constant_node.h"

#include <algorithm>
#include <utility>

#include "server/core/status.h"
#include "server/engine/execution_context.h"
#include "server/ops/infer_types.h"
#include "server/ops/range.h"
#include "server/ops/shape_of.h"

namespace rectifier {
namespace {

// Every input is a constant, or left out.
bool HasConstantInputs(const Graph& graph, const Node& node) {
  return std::all_of(node.inputs.begin(), node.inputs.end(),
                     [&](ValueId id) { return id == kNoValue || graph.constant(id) != nullptr; });
}

// A graph of nothing but this node; its outputs are the node's.
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

// Of Shape, Size, Range and NonZero, when what it depends on is known.
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

bool Fits(const Graph& graph, const Node& node, int64_t max_bytes) {
  int64_t bytes = 0;
  for (const ValueId id : node.outputs) {
    if (id == kNoValue) continue;
    const auto more = CheckedByteSize(*graph.value(id).type);
    if (!more.ok() || *more > max_bytes) return false;
    bytes += *more;
  }
  return bytes <= max_bytes;
}

}  // namespace

absl::StatusOr<std::optional<std::vector<Tensor>>> FoldNode(const Graph& graph, const Node& node,
                                                            int64_t max_bytes,
                                                            const ComputeConstants& compute) {
  if (!Fits(graph, node, max_bytes)) return std::nullopt;
  RECTIFIER_ASSIGN_OR_RETURN(std::optional<Tensor> value, ValueFromShapes(graph, node));
  if (value) {
    std::vector<Tensor> values;
    values.push_back(*std::move(value));
    return values;
  }
  if (!HasConstantInputs(graph, node) || !node.post_ops.empty()) return std::nullopt;
  RECTIFIER_ASSIGN_OR_RETURN(std::vector<Tensor> values, compute(ConstantNodeGraph(graph, node)));
  return values;
}

ComputeConstants ComputeWith(CompilerFactory new_compiler) {
  return [new_compiler](const Graph& graph) -> absl::StatusOr<std::vector<Tensor>> {
    Graph typed = graph;
    RECTIFIER_RETURN_IF_ERROR(InferTypes(typed));
    RECTIFIER_ASSIGN_OR_RETURN(const auto program, new_compiler({})->Compile(typed, {}));
    return ExecutionContext().Run(program, {});
  };
}

}  // namespace rectifier
