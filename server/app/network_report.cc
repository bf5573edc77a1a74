#include "server/app/network_report.h"

#include <algorithm>
#include <numeric>

#include "server/core/status.h"
#include "server/engine/bind_shapes.h"
#include "server/models/probe.h"
#include "server/ops/flop.h"
#include "server/ops/rectifier.h"

namespace rectifier {
namespace {

// What carries out a node: its own steps' implementations.
std::string ImplementationOf(const Program& program, const std::string& node) {
  std::string text;
  for (const StepInfo& step : program.steps()) {
    if (step.node != node || step.op == "Reorder") continue;
    text += (text.empty() ? "" : ", ") + step.implementation;
  }
  return text.empty() ? "-" : text;
}

std::string StringOf(const Attributes& attributes, std::string_view name) {
  const auto found = attributes.find(name);
  return found == attributes.end() ? "" : std::get<std::string>(found->second);
}

// What ONNX calls a Rectifier of this origin.
std::string OperatorOf(std::string_view origin) {
  if (origin == kOriginRelu) return "Relu";
  if (origin == kOriginLeakyRelu) return "LeakyRelu";
  return "PRelu";
}

RectifierInfo Describe(const Graph& graph, const std::string& name, const Attributes& attributes,
                       ValueId slope) {
  RectifierInfo info;
  const std::string origin = StringOf(attributes, "origin");
  info.node = name;
  info.form = StringOf(attributes, "form");
  if (info.form.empty()) info.form = OperatorOf(origin);
  info.origin = std::string(OriginInWords(origin));
  info.slope_shape = graph.value(slope).type->shape;
  const Tensor* tensor = graph.constant(slope);
  if (tensor != nullptr && tensor->ElementCount() > 0) {
    const auto values = tensor->data<float>();
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    const double sum = std::accumulate(values.begin(), values.end(), 0.0);
    info.slopes = {*low, sum / static_cast<double>(values.size()), *high};
  }
  return info;
}

int64_t Parameters(const Graph& graph) {
  std::vector<bool> seen(static_cast<size_t>(graph.value_count()), false);
  int64_t parameters = 0;
  const auto count = [&](ValueId id) {
    const Tensor* tensor = graph.constant(id);
    if (tensor == nullptr || seen[static_cast<size_t>(id)]) return;
    seen[static_cast<size_t>(id)] = true;
    if (tensor->dtype() == DType::kFloat32) parameters += tensor->ElementCount();
  };
  for (const Node& node : graph.nodes()) {
    for (const ValueId id : node.inputs) count(id);
    for (const PostOp& post_op : node.post_ops) {
      for (const ValueId id : post_op.operands) count(id);
    }
  }
  return parameters;
}

}  // namespace

std::vector<RectifierInfo> DescribeRectifiers(const Graph& graph, const Program& program) {
  std::vector<RectifierInfo> rectifiers;
  for (const Node& node : graph.nodes()) {
    const std::string implementation = ImplementationOf(program, node.name);
    if (node.op == "Rectifier") {
      rectifiers.push_back(Describe(graph, node.name, node.attributes, node.inputs[1]));
      rectifiers.back().implementation = implementation;
    }
    for (const PostOp& post_op : node.post_ops) {
      if (post_op.op != "Rectifier") continue;
      rectifiers.push_back(Describe(graph, post_op.name, post_op.attributes, post_op.operands[0]));
      rectifiers.back().implementation = implementation;
      rectifiers.back().post_op_of = node.name;
    }
  }
  return rectifiers;
}

absl::StatusOr<NetworkCost> MeasureCost(const Graph& graph, CompilerFactory new_compiler,
                                        int64_t size) {
  NetworkCost cost;
  cost.parameters = Parameters(graph);
  RECTIFIER_ASSIGN_OR_RETURN(
      const Graph bound, BindShapes(graph, InputShapes(graph, 1, size), ComputeWith(new_compiler)));
  cost.gflop = Flop(bound) / 1e9;
  const auto compiler = new_compiler({});
  const bool batched = std::any_of(graph.inputs().begin(), graph.inputs().end(), [&](ValueId id) {
    return HasDynamicBatch(graph.value(id).type->shape);
  });
  for (const int64_t batch : {1, 8, 32}) {
    if (batch > 1 && !batched) break;
    const auto program = compiler->Compile(graph, InputShapes(graph, batch, size));
    if (!program.ok() && batch == 1) return program.status();
    if (!program.ok()) break;
    cost.memory.push_back({batch, static_cast<int64_t>((*program)->arena_bytes())});
    if (batch > 1) continue;
    cost.steps = static_cast<int64_t>((*program)->steps().size());
    for (const StepInfo& step : (*program)->steps()) cost.reorders += step.op == "Reorder" ? 1 : 0;
  }
  cost.weight_bytes = static_cast<int64_t>(compiler->weight_bytes());
  return cost;
}

}  // namespace rectifier
