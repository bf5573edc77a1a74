#include "server/app/model_text.h"

#include <algorithm>
#include <map>

#include "server/core/status.h"
#include "server/ops/rectifier.h"

namespace rectifier {
namespace {

std::vector<std::string> RectifierRow(const RectifierInfo& info) {
  std::vector<std::string> row = {info.node, info.form, info.origin, info.slope_shape.ToString()};
  if (info.slopes) {
    row.push_back(fmt::format("{:.4g}", info.slopes->min));
    row.push_back(fmt::format("{:.4g}", info.slopes->mean));
    row.push_back(fmt::format("{:.4g}", info.slopes->max));
  } else {
    row.insert(row.end(), {"computed", "computed", "computed"});
  }
  row.push_back(fmt::format(
      "{}, {}", info.post_op_of ? "post-op of " + *info.post_op_of : "a step of its own",
      info.implementation));
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

std::map<std::string, int> CountOperators(const Graph& graph) {
  std::map<std::string, int> counts;
  for (const Node& node : graph.nodes()) {
    ++counts[node.op];
    for (const PostOp& post_op : node.post_ops) ++counts[post_op.op + " (fused)"];
  }
  return counts;
}

std::string OperatorCounts(const Graph& graph) {
  std::string text;
  for (const auto& [op, count] : CountOperators(graph)) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, op);
  }
  return text;
}

std::string RectifierTable(const std::vector<RectifierInfo>& rectifiers) {
  if (rectifiers.empty()) return "  none\n";
  std::vector<std::vector<std::string>> rows = {
      {"node", "form", "slope is", "shape", "min", "mean", "max", "runs as"}};
  for (const RectifierInfo& info : rectifiers) rows.push_back(RectifierRow(info));
  return Table(rows);
}

std::string CostText(const NetworkCost& cost) {
  std::string text = fmt::format(
      "  {} parameters, {} bytes of weights as they are run\n"
      "  {:.4g} GFLOP a sample\n"
      "  {} steps, of which {} change a layout\n",
      cost.parameters, cost.weight_bytes, cost.gflop, cost.steps, cost.reorders);
  for (const NetworkCost::Memory& memory : cost.memory) {
    text += fmt::format("  {} bytes of memory for a worker with a batch of {}\n",
                        memory.arena_bytes, memory.batch);
  }
  return text;
}

}  // namespace rectifier
