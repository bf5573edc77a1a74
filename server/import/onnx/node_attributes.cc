#include "server/import/onnx/node_attributes.h"

#include <onnx/onnx_pb.h>

#include <cmath>
#include <utility>

#include "server/core/printable.h"
#include "server/core/status.h"

namespace rectifier {
namespace {

using onnx::AttributeProto;

// `type` was not always required: without it, the field that is set says it. An empty list without
// a type is taken as absent.
int TypeOf(const AttributeProto& attribute) {
  if (attribute.type() != AttributeProto::UNDEFINED) return attribute.type();
  if (attribute.has_f()) return AttributeProto::FLOAT;
  if (attribute.has_i()) return AttributeProto::INT;
  if (attribute.has_s()) return AttributeProto::STRING;
  if (attribute.has_t()) return AttributeProto::TENSOR;
  if (attribute.floats_size() > 0) return AttributeProto::FLOATS;
  if (attribute.ints_size() > 0) return AttributeProto::INTS;
  return AttributeProto::UNDEFINED;
}

}  // namespace

NodeAttributes::NodeAttributes(const onnx::NodeProto& node, std::string_view place)
    : place_(place) {
  for (const AttributeProto& attribute : node.attribute()) {
    if (!attributes_.emplace(attribute.name(), &attribute).second) {
      Fail(InvalidArgument(place_, "attribute {} is there twice", Printable(attribute.name())));
    }
  }
}

void NodeAttributes::Fail(absl::Status error) {
  if (error_.ok()) error_ = std::move(error);
}

const AttributeProto* NodeAttributes::Find(std::string_view name, int type,
                                           std::string_view type_name) {
  read_.emplace(name);
  const auto found = attributes_.find(name);
  if (found == attributes_.end()) return nullptr;
  const AttributeProto& attribute = *found->second;
  const int actual = TypeOf(attribute);
  if (actual == type && attribute.ref_attr_name().empty()) return &attribute;
  const bool empty_list = actual == AttributeProto::UNDEFINED &&
                          (type == AttributeProto::INTS || type == AttributeProto::FLOATS);
  if (!empty_list) Fail(InvalidArgument(place_, "attribute {}: expected {}", name, type_name));
  return nullptr;
}

int64_t NodeAttributes::Int(std::string_view name, int64_t otherwise) {
  const AttributeProto* attribute = Find(name, AttributeProto::INT, "an integer");
  return attribute == nullptr ? otherwise : attribute->i();
}

float NodeAttributes::Float(std::string_view name, float otherwise) {
  const AttributeProto* attribute = Find(name, AttributeProto::FLOAT, "a float");
  if (attribute == nullptr) return otherwise;
  if (!std::isnan(attribute->f())) return attribute->f();
  Fail(InvalidArgument(place_, "attribute {}: is NaN", name));
  return otherwise;
}

std::string NodeAttributes::String(std::string_view name, std::string_view otherwise) {
  const AttributeProto* attribute = Find(name, AttributeProto::STRING, "a string");
  // Printable, because messages and the graph's text repeat it.
  return attribute == nullptr ? std::string(otherwise) : Printable(attribute->s());
}

std::vector<int64_t> NodeAttributes::Ints(std::string_view name) {
  const AttributeProto* attribute = Find(name, AttributeProto::INTS, "a list of integers");
  if (attribute == nullptr) return {};
  return {attribute->ints().begin(), attribute->ints().end()};
}

std::vector<float> NodeAttributes::Floats(std::string_view name) {
  const AttributeProto* attribute = Find(name, AttributeProto::FLOATS, "a list of floats");
  if (attribute == nullptr) return {};
  return {attribute->floats().begin(), attribute->floats().end()};
}

const onnx::TensorProto* NodeAttributes::Tensor(std::string_view name) {
  const AttributeProto* attribute = Find(name, AttributeProto::TENSOR, "a tensor");
  return attribute == nullptr ? nullptr : &attribute->t();
}

Attributes NodeAttributes::Rest() {
  Attributes rest;
  for (const auto& [name, attribute] : attributes_) {
    if (read_.contains(name)) continue;
    switch (TypeOf(*attribute)) {
      case AttributeProto::INT:
        rest.emplace(name, Int(name, 0));
        break;
      case AttributeProto::FLOAT:
        rest.emplace(name, Float(name, 0));
        break;
      case AttributeProto::STRING:
        rest.emplace(name, String(name, ""));
        break;
      case AttributeProto::INTS:
        rest.emplace(name, Ints(name));
        break;
      case AttributeProto::FLOATS:
        rest.emplace(name, Floats(name));
        break;
      default:
        Fail(InvalidArgument(place_, "attribute {}: expected a number, a string or a list",
                             Printable(name)));
    }
  }
  return rest;
}

absl::Status NodeAttributes::Finish() const {
  RECTIFIER_RETURN_IF_ERROR(error_);
  for (const auto& [name, attribute] : attributes_) {
    if (!read_.contains(name)) {
      return InvalidArgument(place_, "attribute {} is not one of this operator", Printable(name));
    }
  }
  return absl::OkStatus();
}

}  // namespace rectifier
