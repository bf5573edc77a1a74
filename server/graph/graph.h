#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "server/core/tensor.h"
#include "server/graph/attributes.h"

namespace rectifier {

// A value's index in its graph.
using ValueId = int32_t;

// Stands for an optional input that is left out.
inline constexpr ValueId kNoValue = -1;

// Something that nodes read: an input, a constant, or a node's result.
struct Value {
  std::string name;                        // unique in the graph, not empty
  std::optional<TensorType> type;          // set by InferTypes(); known from the start for the
                                           // graph's inputs and constants
  std::shared_ptr<const Tensor> constant;  // set iff the value is a constant
};

// An operator carried out on a node's result before it is stored: what a pass fused into it.
struct PostOp {
  std::string name;  // of the node that it was; may be empty
  std::string op;
  Attributes attributes;
  std::vector<ValueId> operands;  // the op's inputs after the first, which is the result itself
};

// One use of an operator. The operators and their attributes are listed in ops/operator_table.cc.
struct Node {
  std::string name;  // for messages: the model file's own name where it has one
  std::string op;
  Attributes attributes;
  std::vector<ValueId> inputs;  // kNoValue where an optional one is left out
  std::vector<ValueId> outputs;
  std::vector<PostOp> post_ops;  // applied in this order to outputs[0]
};

// "conv_3 (Conv)": how messages name a node.
std::string Place(const Node& node);

// A Graph is a network: values, and nodes in an order in which every value is computed before it is
// read. Tensors are in the logical order of ONNX (N, C, spatial…), whatever layout they are run in.
//
// Constants are shared, so a copy of a graph is cheap.
//
// Threading: as a standard container.
class Graph {
 public:
  struct Output {
    std::string name;
    ValueId value;
  };

  std::string name;

  // ValueIds stay valid for the life of the graph; a value that nothing reads any more costs
  // nothing but its entry.
  ValueId AddValue(Value value);
  ValueId AddInput(std::string_view value_name, TensorType type);
  ValueId AddConstant(std::string_view value_name, Tensor tensor);
  ValueId AddConstant(std::string_view value_name, std::shared_ptr<const Tensor> tensor);

  // Appends a node with one output named `output`, and returns that output.
  ValueId AddNode(std::string_view op, std::vector<ValueId> inputs, std::string_view output,
                  Attributes attributes = {});

  const Value& value(ValueId id) const { return values_[static_cast<size_t>(id)]; }
  Value& value(ValueId id) { return values_[static_cast<size_t>(id)]; }
  int value_count() const { return static_cast<int>(values_.size()); }

  // The constant behind `id`, or null when it is kNoValue or not a constant.
  const Tensor* constant(ValueId id) const {
    return id == kNoValue ? nullptr : value(id).constant.get();
  }

  std::vector<Node>& nodes() { return nodes_; }
  const std::vector<Node>& nodes() const { return nodes_; }
  std::vector<ValueId>& inputs() { return inputs_; }
  const std::vector<ValueId>& inputs() const { return inputs_; }
  std::vector<Output>& outputs() { return outputs_; }
  const std::vector<Output>& outputs() const { return outputs_; }

  // Makes constants of a node's outputs, but for those that are left out; `values` are in their
  // order. The node itself stays.
  void SetConstants(const Node& node, std::vector<Tensor> values);

  // Makes every reader of `from`, and every output that is `from`, read `to`.
  void ReplaceUses(ValueId from, ValueId to);

  // `base`, or `base` with a number appended that makes it a name no value was added with.
  std::string UniqueName(std::string_view base);

 private:
  std::vector<Value> values_;
  std::set<std::string, std::less<>> names_;  // of the values, when they were added
  std::map<std::string, int, std::less<>>
      next_suffixes_;  // of the bases that UniqueName() numbered
  std::vector<Node> nodes_;
  std::vector<ValueId> inputs_;
  std::vector<Output> outputs_;
};

}  // namespace rectifier
