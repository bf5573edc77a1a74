#include "server/import/onnx/node_conversion.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <span>
#include <utility>

#include "server/core/status.h"
#include "server/import/names.h"

namespace rectifier {
namespace {

const std::string& NameOf(const onnx::NodeProto& node) {
  return node.name().empty() && node.output_size() > 0 ? node.output(0) : node.name();
}

}  // namespace

std::string Place(const onnx::NodeProto& node) {
  return fmt::format("{} ({})", NameOf(node), node.op_type());
}

NodeConversion::NodeConversion(const onnx::NodeProto& proto, int opset, std::vector<ValueId> inputs,
                               ValueTable& values)
    : proto_(proto),
      opset_(opset),
      place_(Place(proto)),
      inputs_(std::move(inputs)),
      values_(values),
      graph_(values.graph()),
      attributes_(proto, place_) {
  while (!inputs_.empty() && inputs_.back() == kNoValue) inputs_.pop_back();
}

std::string_view NodeConversion::op_type() const { return proto_.op_type(); }

const Tensor* NodeConversion::constant(size_t i) const {
  return HasInput(i) ? graph_.constant(inputs_[i]) : nullptr;
}

std::shared_ptr<const Tensor> NodeConversion::shared_constant(size_t i) const {
  return HasInput(i) ? graph_.value(inputs_[i]).constant : nullptr;
}

std::optional<Shape> NodeConversion::shape(size_t i) const {
  if (!HasInput(i) || !graph_.value(inputs_[i]).type) return std::nullopt;
  return graph_.value(inputs_[i]).type->shape;
}

std::optional<DType> NodeConversion::dtype(size_t i) const {
  if (!HasInput(i) || !graph_.value(inputs_[i]).type) return std::nullopt;
  return graph_.value(inputs_[i]).type->dtype;
}

int NodeConversion::output_count() const { return proto_.output_size(); }

bool NodeConversion::IsWanted(int output) const {
  return output < output_count() && values_.IsRead(proto_.output(output));
}

std::string NodeConversion::FreshName(std::string_view suffix) {
  return values_.FreshName(fmt::format("{}.{}", proto_.output(0), suffix));
}

ValueId NodeConversion::AddConstant(std::string_view suffix, Tensor tensor) {
  return graph_.AddConstant(FreshName(suffix), std::move(tensor));
}

ValueId NodeConversion::Reshaped(size_t i, const Shape& shape, std::string_view suffix) {
  if (const Tensor* from = constant(i)) {
    absl::StatusOr<Tensor> to = Tensor::Allocate({from->dtype(), shape});
    RECTIFIER_CHECK(to.ok() && to->bytes().size() == from->bytes().size());
    std::copy(from->bytes().begin(), from->bytes().end(), to->bytes().begin());
    return AddConstant(suffix, *std::move(to));
  }
  return Add("Reshape", {inputs_[i], AddIntegers(fmt::format("{}.shape", suffix), shape.dims())},
             suffix);
}

ValueId NodeConversion::AddIntegers(std::string_view suffix, std::span<const int64_t> values) {
  return AddConstant(suffix,
                     Tensor::From<int64_t>(Shape{static_cast<int64_t>(values.size())}, values));
}

void NodeConversion::EmitOutput(int output, std::string_view op, std::vector<ValueId> inputs,
                                Attributes attributes) {
  const std::string& name = proto_.output(output);
  values_.Define(name, graph_.AddNode(op, std::move(inputs), name, std::move(attributes)));
  graph_.nodes().back().name = NameOf(proto_);
}

void NodeConversion::EmitAll(std::string_view op, std::vector<ValueId> inputs,
                             Attributes attributes) {
  Emit(op, std::move(inputs), std::move(attributes));
  for (int i = 1; i < output_count(); ++i) {
    const std::string& name = proto_.output(i);
    ValueId id = kNoValue;
    if (!name.empty()) {
      id = graph_.AddValue({name, std::nullopt, nullptr});
      values_.Define(name, id);
    }
    graph_.nodes().back().outputs.push_back(id);
  }
}

ValueId NodeConversion::Add(std::string_view op, std::vector<ValueId> inputs,
                            std::string_view suffix, Attributes attributes) {
  return graph_.AddNode(op, std::move(inputs), FreshName(suffix), std::move(attributes));
}

void NodeConversion::EmitConstant(std::shared_ptr<const Tensor> tensor) {
  values_.Define(proto_.output(0), graph_.AddConstant(proto_.output(0), std::move(tensor)));
}

absl::StatusOr<std::shared_ptr<const Tensor>> NodeConversion::Decode(
    std::string_view attribute, const onnx::TensorProto& proto) {
  return values_.decoder().Decode(fmt::format("{}: attribute {}", place_, attribute), proto);
}

}  // namespace rectifier
