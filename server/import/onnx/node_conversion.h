#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/graph/graph.h"
#include "server/import/onnx/node_attributes.h"
#include "server/import/onnx/proto_fwd.h"
#include "server/import/onnx/value_table.h"

namespace rectifier {

// One node of an ONNX file on its way into the graph: what it reads, its attributes, and the means
// to append what it becomes. A conversion appends nodes or a constant for the first output, and for
// further ones where its spelling says that it has them.
class NodeConversion {
 public:
  // `inputs` has kNoValue where one is left out; left out ones at the end are dropped.
  NodeConversion(const onnx::NodeProto& proto, int opset, std::vector<ValueId> inputs,
                 ValueTable& values);

  std::string_view op_type() const;
  int opset() const { return opset_; }                 // of the default domain
  const std::string& place() const { return place_; }  // "conv_3 (Conv)"
  NodeAttributes& attributes() { return attributes_; }

  const std::vector<ValueId>& inputs() const { return inputs_; }
  bool HasInput(size_t i) const { return i < inputs_.size() && inputs_[i] != kNoValue; }

  // Null / nullopt when the input is left out, or not a constant / not of known rank because an
  // earlier node was refused (the graph is not going to be used then).
  const Tensor* constant(size_t i) const;
  std::shared_ptr<const Tensor> shared_constant(size_t i) const;
  std::optional<Shape> shape(size_t i) const;
  std::optional<DType> dtype(size_t i) const;

  // A constant named "<first output>.<suffix>".
  ValueId AddConstant(std::string_view suffix, Tensor tensor);
  ValueId AddIntegers(std::string_view suffix, std::span<const int64_t> values);  // a list of i64

  // Input `i` with `shape` of the same number of elements: a new constant, or the result of a
  // Reshape that is appended; named as above.
  ValueId Reshaped(size_t i, const Shape& shape, std::string_view suffix);

  // Appends the node that computes the first output, or another one.
  void Emit(std::string_view op, std::vector<ValueId> inputs, Attributes attributes = {}) {
    EmitOutput(0, op, std::move(inputs), std::move(attributes));
  }
  void EmitOutput(int output, std::string_view op, std::vector<ValueId> inputs,
                  Attributes attributes = {});
  // Appends a node that computes all outputs.
  void EmitAll(std::string_view op, std::vector<ValueId> inputs, Attributes attributes = {});
  // Appends a node whose result, named as constants are, is read by what follows.
  ValueId Add(std::string_view op, std::vector<ValueId> inputs, std::string_view suffix,
              Attributes attributes = {});

  int output_count() const;
  bool IsWanted(int output) const;  // something reads it

  // The first output is this constant.
  void EmitConstant(std::shared_ptr<const Tensor> tensor);

  // Something that whoever runs the model should know; one for each node.
  void Warn(std::string warning) { warning_ = std::move(warning); }
  const std::string& warning() const { return warning_; }

  // The tensor of an attribute; errors name it.
  absl::StatusOr<std::shared_ptr<const Tensor>> Decode(std::string_view attribute,
                                                       const onnx::TensorProto& proto);

 private:
  std::string FreshName(std::string_view suffix);

  const onnx::NodeProto& proto_;
  int opset_;
  std::string place_;
  std::vector<ValueId> inputs_;
  ValueTable& values_;
  Graph& graph_;
  NodeAttributes attributes_;
  std::string warning_;
};

// "conv_3 (Conv)", with the first output's name for a node that has none.
std::string Place(const onnx::NodeProto& node);

}  // namespace rectifier
