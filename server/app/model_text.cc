#include "server/app/model_text.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "server/core/status.h"
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

std::vector<std::string> RectifierRow(const Graph& graph, const std::string& name,
                                      const Attributes& attributes, ValueId slope,
                                      const std::string& runs_as) {
  const auto origin = attributes.find("origin");
  const std::string key = origin == attributes.end() ? "" : std::get<std::string>(origin->second);
  std::vector<std::string> row = {name, std::string(OriginInWords(key)),
                                  graph.value(slope).type->shape.ToString()};
  if (const Tensor* tensor = graph.constant(slope)) {
    const auto values = tensor->data<float>();
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    const double mean =
        std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
    row.push_back(fmt::format("{:.4g}", *low));
    row.push_back(fmt::format("{:.4g}", mean));
    row.push_back(fmt::format("{:.4g}", *high));
  } else {
    row.insert(row.end(), {"computed", "computed", "computed"});
  }
  row.push_back(runs_as);
  return row;
}

// How many characters a terminal shows, counting UTF-8's continuation bytes as none.
size_t Width(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

}  // namespace

std::string Table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    text += " ";
    for (size_t i = 0; i < row.size(); ++i) {
      text += " " + row[i];
      if (i + 1 < row.size()) text += std::string(widths[i] - Width(row[i]) + 1, ' ');
    }
    text += "\n";
  }
  return text;
}

std::string PortsText(const Graph& graph) {
  std::vector<std::vector<std::string>> rows;
  const auto add = [&](const char* kind, const std::string& name, const TensorType& type) {
    rows.push_back({kind, name, std::string(ProtocolName(type.dtype)), type.shape.ToString()});
  };
  for (const ValueId id : graph.inputs()) {
    add("input", graph.value(id).name, *graph.value(id).type);
  }
  for (const Graph::Output& output : graph.outputs()) {
    add("output", output.name, *graph.value(output.value).type);
  }
  return Table(rows);
}

std::string OperatorCounts(const Graph& graph) {
  std::map<std::string, int> counts;
  for (const Node& node : graph.nodes()) {
    ++counts[node.op];
    for (const PostOp& post_op : node.post_ops) ++counts[post_op.op + " (fused)"];
  }
  std::string text;
  for (const auto& [op, count] : counts) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, op);
  }
  return text;
}

std::string RectifierTable(const Graph& graph, const Program& program) {
  std::vector<std::vector<std::string>> rows = {
      {"node", "slope is", "shape", "min", "mean", "max", "runs as"}};
  for (const Node& node : graph.nodes()) {
    const std::string implementation = ImplementationOf(program, node.name);
    if (node.op == "Rectifier") {
      rows.push_back(RectifierRow(graph, node.name, node.attributes, node.inputs[1],
                                  "a step of its own, " + implementation));
    }
    for (const PostOp& post_op : node.post_ops) {
      rows.push_back(RectifierRow(graph, post_op.name, post_op.attributes, post_op.operands[0],
                                  fmt::format("post-op of {}, {}", node.name, implementation)));
    }
  }
  return rows.size() == 1 ? "  none\n" : Table(rows);
}

}  // namespace rectifier
