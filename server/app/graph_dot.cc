#include "server/app/graph_dot.h"

#include <fmt/format.h>

#include <map>

namespace rectifier {
namespace {

// In a quoted string of Graphviz.
std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

std::string TypeText(const Value& value) {
  if (!value.type) return "";
  return fmt::format("{}{}", Name(value.type->dtype), value.type->shape.ToString());
}

}  // namespace

std::string GraphDot(const Graph& graph) {
  std::string text = fmt::format("digraph {} {{\n  node [shape=box]\n", Quoted(graph.name));
  std::map<ValueId, std::string> producers;  // the box that a value comes from
  for (const ValueId id : graph.inputs()) {
    producers[id] = Quoted("input " + graph.value(id).name);
    text += fmt::format("  {} [shape=ellipse]\n", producers[id]);
  }
  for (size_t i = 0; i < graph.nodes().size(); ++i) {
    const Node& node = graph.nodes()[i];
    const std::string box = fmt::format("n{}", i);
    std::string label = fmt::format("{} {}", node.op, node.name);
    for (const PostOp& post_op : node.post_ops) {
      label += fmt::format(" + {} {}", post_op.op, post_op.name);
    }
    text += fmt::format("  {} [label={}]\n", box, Quoted(label));
    for (const ValueId id : node.inputs) {
      if (const auto from = producers.find(id); from != producers.end()) {
        text += fmt::format("  {} -> {} [label={}]\n", from->second, box,
                            Quoted(TypeText(graph.value(id))));
      }
    }
    for (const ValueId id : node.outputs) {
      if (id != kNoValue) producers[id] = box;
    }
  }
  for (const Graph::Output& output : graph.outputs()) {
    const std::string box = Quoted("output " + output.name);
    text += fmt::format("  {} [shape=ellipse]\n", box);
    if (const auto from = producers.find(output.value); from != producers.end()) {
      text += fmt::format("  {} -> {} [label={}]\n", from->second, box,
                          Quoted(TypeText(graph.value(output.value))));
    }
  }
  return text + "}\n";
}

}  // namespace rectifier
