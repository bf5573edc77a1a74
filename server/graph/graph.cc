#include "server/graph/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace rectifier {

std::string Place(const Node& node) { return fmt::format("{} ({})", node.name, node.op); }

ValueId Graph::AddValue(Value value) {
  names_.insert(value.name);
  values_.push_back(std::move(value));
  return static_cast<ValueId>(values_.size() - 1);
}

ValueId Graph::AddInput(std::string_view value_name, TensorType type) {
  const ValueId id = AddValue({std::string(value_name), std::move(type), nullptr});
  inputs_.push_back(id);
  return id;
}

ValueId Graph::AddConstant(std::string_view value_name, Tensor tensor) {
  return AddConstant(value_name, std::make_shared<const Tensor>(std::move(tensor)));
}

ValueId Graph::AddConstant(std::string_view value_name, std::shared_ptr<const Tensor> tensor) {
  TensorType type = tensor->type();
  return AddValue({std::string(value_name), std::move(type), std::move(tensor)});
}

ValueId Graph::AddNode(std::string_view op, std::vector<ValueId> inputs, std::string_view output,
                       Attributes attributes) {
  const ValueId result = AddValue({std::string(output), std::nullopt, nullptr});
  nodes_.push_back({std::string(output),
                    std::string(op),
                    std::move(attributes),
                    std::move(inputs),
                    {result},
                    {}});
  return result;
}

void Graph::SetConstants(const Node& node, std::vector<Tensor> values) {
  auto next = values.begin();
  for (const ValueId id : node.outputs) {
    if (id == kNoValue) continue;
    Value& made = value(id);
    made.type = next->type();
    made.constant = std::make_shared<const Tensor>(std::move(*next++));
  }
}

void Graph::ReplaceUses(ValueId from, ValueId to) {
  for (Node& node : nodes_) {
    std::replace(node.inputs.begin(), node.inputs.end(), from, to);
    for (PostOp& post_op : node.post_ops) {
      std::replace(post_op.operands.begin(), post_op.operands.end(), from, to);
    }
  }
  for (Output& output : outputs_) {
    if (output.value == from) output.value = to;
  }
}

std::string Graph::UniqueName(std::string_view base) {
  std::string candidate(base);
  if (!names_.contains(candidate)) return candidate;
  int& suffix = next_suffixes_.try_emplace(candidate, 1).first->second;
  do {
    candidate = fmt::format("{}.{}", base, suffix++);
  } while (names_.contains(candidate));
  return candidate;
}

}  // namespace rectifier
