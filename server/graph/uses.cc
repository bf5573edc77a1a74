#include "server/graph/uses.h"

namespace rectifier {

Uses::Uses(const Graph& graph)
    : producers_(static_cast<size_t>(graph.value_count()), -1),
      readers_(static_cast<size_t>(graph.value_count())),
      outputs_(static_cast<size_t>(graph.value_count()), false) {
  for (size_t i = 0; i < graph.nodes().size(); ++i) {
    const Node& node = graph.nodes()[i];
    const int index = static_cast<int>(i);
    for (const ValueId id : node.outputs) {
      if (id != kNoValue) producers_[static_cast<size_t>(id)] = index;
    }
    for (const ValueId id : node.inputs) {
      if (id != kNoValue) readers_[static_cast<size_t>(id)].push_back(index);
    }
    for (const PostOp& post_op : node.post_ops) {
      for (const ValueId id : post_op.operands) {
        if (id != kNoValue) readers_[static_cast<size_t>(id)].push_back(index);
      }
    }
  }
  for (const Graph::Output& output : graph.outputs()) {
    outputs_[static_cast<size_t>(output.value)] = true;
  }
}

}  // namespace rectifier
