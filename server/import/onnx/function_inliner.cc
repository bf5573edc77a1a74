#include "server/import/onnx/function_inliner.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/core/printable.h"
#include "server/core/status.h"
#include "server/import/onnx/node_conversion.h"

namespace rectifier {
namespace {

using onnx::AttributeProto;
using onnx::FunctionProto;
using onnx::GraphProto;
using onnx::NodeProto;

// Functions and branches in each other: more than exporters write, and enough to stop one that
// calls itself.
constexpr int kMaxDepth = 32;

// What the names of an inlined body become; those of the values that it reads from outside stay.
using Names = std::map<std::string, std::string>;

std::string Renamed(const Names& names, const std::string& name) {
  const auto found = names.find(name);
  return found == names.end() ? name : found->second;
}

// Names have not been checked yet.
std::string PlaceOf(const NodeProto& node) { return Printable(Place(node)); }

std::string Domain(const std::string& domain) { return domain == "ai.onnx" ? "" : domain; }

// A node that is still to be looked at, and how many bodies it was in.
struct Pending {
  NodeProto node;
  int depth = 0;
};

class Inliner {
 public:
  Inliner(onnx::ModelProto& model, int opset, const ImportLimits& limits)
      : graph_(*model.mutable_graph()), opset_(opset), limits_(limits) {
    for (const FunctionProto& function : model.functions()) {
      functions_[{Domain(function.domain()), function.name()}] = &function;
    }
    for (const auto& tensor : graph_.initializer()) {
      if (tensor.data_type() == onnx::TensorProto::BOOL) {
        conditions_[tensor.name()] = ValueOf(tensor);
      }
      taken_.insert(tensor.name());
    }
  }

  absl::Status Run() {
    const auto is_inlined = [&](const NodeProto& node) {
      return IsIf(node) || functions_.contains({Domain(node.domain()), node.op_type()});
    };
    if (std::none_of(graph_.node().begin(), graph_.node().end(), is_inlined)) {
      return absl::OkStatus();
    }
    for (const auto& input : graph_.input()) taken_.insert(input.name());
    for (const NodeProto& node : graph_.node()) {
      taken_.insert(node.output().begin(), node.output().end());
    }
    std::deque<Pending> pending;
    for (NodeProto& node : *graph_.mutable_node()) pending.push_back({std::move(node), 0});
    google::protobuf::RepeatedPtrField<NodeProto> done;
    while (!pending.empty()) {
      Pending next = std::move(pending.front());
      pending.pop_front();
      RECTIFIER_ASSIGN_OR_RETURN(std::optional<std::vector<NodeProto>> body, BodyOf(next));
      if (!body) {
        Remember(next.node);
        *done.Add() = std::move(next.node);
        continue;
      }
      const auto nodes = static_cast<int64_t>(pending.size() + body->size()) + done.size();
      for (const NodeProto& node : *body) added_bytes_ += static_cast<int64_t>(node.ByteSizeLong());
      if (nodes > limits_.max_nodes || added_bytes_ > limits_.max_constant_bytes) {
        return ResourceExhausted(PlaceOf(next.node),
                                 "with its functions written out the graph has more than {} nodes "
                                 "or {} bytes",
                                 limits_.max_nodes, limits_.max_constant_bytes);
      }
      while (!body->empty()) {
        pending.push_front({std::move(body->back()), next.depth + 1});
        body->pop_back();
      }
    }
    graph_.mutable_node()->Swap(&done);
    return absl::OkStatus();
  }

 private:
  static bool IsIf(const NodeProto& node) {
    return Domain(node.domain()).empty() && node.op_type() == "If";
  }

  // Of a tensor of one bool; nullopt for others.
  static std::optional<bool> ValueOf(const onnx::TensorProto& tensor) {
    if (tensor.raw_data().size() == 1) return tensor.raw_data()[0] != 0;
    if (tensor.raw_data().empty() && tensor.int32_data_size() == 1)
      return tensor.int32_data(0) != 0;
    return std::nullopt;
  }

  // Conditions are looked up among constants that stand before the If that reads them.
  void Remember(const NodeProto& node) {
    if (node.output_size() == 0) return;
    if (node.op_type() == "Constant") {
      for (const AttributeProto& attribute : node.attribute()) {
        if (attribute.name() == "value" && attribute.t().data_type() == onnx::TensorProto::BOOL) {
          conditions_[node.output(0)] = ValueOf(attribute.t());
        }
      }
    } else if (node.op_type() == "Identity" && node.input_size() == 1) {
      const auto found = conditions_.find(node.input(0));
      if (found != conditions_.end()) conditions_[node.output(0)] = found->second;
    }
  }

  // The nodes to put in place of `pending`; nullopt for a node that stays.
  absl::StatusOr<std::optional<std::vector<NodeProto>>> BodyOf(const Pending& pending) {
    const NodeProto& node = pending.node;
    const auto function = functions_.find({Domain(node.domain()), node.op_type()});
    if (function == functions_.end() && !IsIf(node)) return std::nullopt;
    if (pending.depth >= kMaxDepth) {
      return InvalidArgument(PlaceOf(node), "is inside more than {} functions or branches",
                             kMaxDepth);
    }
    if (function != functions_.end()) return CallBody(node, *function->second);
    return BranchBody(node);
  }

  absl::StatusOr<std::optional<std::vector<NodeProto>>> CallBody(const NodeProto& call,
                                                                 const FunctionProto& function) {
    for (const auto& import : function.opset_import()) {
      if (Domain(import.domain()).empty() && import.version() != opset_) {
        return Unimplemented(PlaceOf(call),
                             "its function is of version {} of the default operator set, the graph "
                             "of {}",
                             import.version(), opset_);
      }
    }
    if (call.input_size() > function.input_size() || call.output_size() > function.output_size()) {
      return InvalidArgument(
          PlaceOf(call), "expected at most {} inputs and {} outputs, got {} and {}",
          function.input_size(), function.output_size(), call.input_size(), call.output_size());
    }
    Names names;
    for (int i = 0; i < function.input_size(); ++i) {
      names[function.input(i)] = i < call.input_size() ? call.input(i) : "";
    }
    std::map<std::string, const AttributeProto*> attributes;
    AddDefaults(function, attributes);
    for (const AttributeProto& attribute : call.attribute()) {
      attributes[attribute.name()] = &attribute;
    }
    std::vector<NodeProto> body(function.node().begin(), function.node().end());
    std::map<std::string, std::string> copies;  // what an output of the call is besides
    for (int i = 0; i < function.output_size(); ++i) {
      const std::string& inner = function.output(i);
      if (i >= call.output_size() || call.output(i).empty()) continue;
      if (names.contains(inner)) {
        copies[call.output(i)] = inner;  // an input that is an output, or an output twice
      } else {
        names[inner] = call.output(i);
      }
    }
    NameInner(call, body, names);
    for (NodeProto& node : body) {
      SetAttributes(node, attributes);
      Rename(node, names);
    }
    AddCopies(copies, names, body);
    return body;
  }

  absl::StatusOr<std::optional<std::vector<NodeProto>>> BranchBody(const NodeProto& node) {
    const auto condition =
        node.input_size() == 1 ? conditions_.find(node.input(0)) : conditions_.end();
    if (condition == conditions_.end() || !condition->second) return std::nullopt;
    const std::string_view wanted = *condition->second ? "then_branch" : "else_branch";
    const GraphProto* branch = nullptr;
    for (const AttributeProto& attribute : node.attribute()) {
      if (attribute.name() == wanted && attribute.has_g()) branch = &attribute.g();
    }
    if (branch == nullptr || branch->output_size() != node.output_size()) {
      return InvalidArgument(PlaceOf(node), "attribute {}: expected a graph of {} outputs", wanted,
                             node.output_size());
    }
    std::vector<NodeProto> body(branch->node().begin(), branch->node().end());
    Names names;
    for (const auto& tensor : branch->initializer()) {
      names[tensor.name()] = Fresh(node, tensor.name());
      onnx::TensorProto& own = *graph_.add_initializer();
      own = tensor;
      own.set_name(names[tensor.name()]);
    }
    std::map<std::string, std::string> copies;
    std::set<std::string> computed;
    for (const NodeProto& inner : body)
      computed.insert(inner.output().begin(), inner.output().end());
    for (int i = 0; i < node.output_size(); ++i) {
      const std::string& inner = branch->output(i).name();
      if (node.output(i).empty()) continue;
      if (!computed.contains(inner) || names.contains(inner)) {
        copies[node.output(i)] = inner;
      } else {
        names[inner] = node.output(i);
      }
    }
    NameInner(node, body, names);
    for (NodeProto& inner : body) Rename(inner, names);
    AddCopies(copies, names, body);
    return body;
  }

  // Appends an Identity for each output of the outer node that has another name in the body.
  static void AddCopies(const std::map<std::string, std::string>& copies, const Names& names,
                        std::vector<NodeProto>& body) {
    for (const auto& [output, inner] : copies) {
      NodeProto& node = body.emplace_back();
      node.set_op_type("Identity");
      node.add_input(Renamed(names, inner));
      node.add_output(output);
    }
  }

  // The function's own defaults, which ONNX 1.12 does not know.
  template <typename Function>
  static void AddDefaults(const Function& function,
                          std::map<std::string, const AttributeProto*>& attributes) {
    if constexpr (requires { function.attribute_proto(); }) {
      for (const AttributeProto& attribute : function.attribute_proto()) {
        attributes[attribute.name()] = &attribute;
      }
    }
  }

  // Gives every value that the body computes, and that has no name outside, one of its own.
  void NameInner(const NodeProto& outer, const std::vector<NodeProto>& body, Names& names) {
    for (const NodeProto& node : body) {
      for (const std::string& output : node.output()) {
        if (!output.empty()) names.try_emplace(output, Fresh(outer, output));
      }
    }
  }

  std::string Fresh(const NodeProto& outer, const std::string& name) {
    const std::string& base =
        outer.name().empty() && outer.output_size() > 0 ? outer.output(0) : outer.name();
    std::string fresh = fmt::format("{}/{}", base, name);
    for (int i = 1; !taken_.insert(fresh).second; ++i)
      fresh = fmt::format("{}/{}.{}", base, name, i);
    return fresh;
  }

  // Attributes that stand for those of the call take their values, or are left out with them.
  static void SetAttributes(NodeProto& node,
                            const std::map<std::string, const AttributeProto*>& given) {
    google::protobuf::RepeatedPtrField<AttributeProto> kept;
    for (AttributeProto& attribute : *node.mutable_attribute()) {
      if (attribute.ref_attr_name().empty()) {
        if (attribute.has_g()) {
          for (NodeProto& inner : *attribute.mutable_g()->mutable_node())
            SetAttributes(inner, given);
        }
        *kept.Add() = std::move(attribute);
        continue;
      }
      const auto found = given.find(attribute.ref_attr_name());
      if (found == given.end()) continue;
      AttributeProto& value = *kept.Add();
      value = *found->second;
      value.set_name(attribute.name());
    }
    node.mutable_attribute()->Swap(&kept);
  }

  // Also in the branches inside, whose own names are not among `names` unless they hide them; their
  // depth is bounded by that of the message.
  static void Rename(NodeProto& node, const Names& names) {
    for (std::string& input : *node.mutable_input()) input = Renamed(names, input);
    for (std::string& output : *node.mutable_output()) output = Renamed(names, output);
    for (AttributeProto& attribute : *node.mutable_attribute()) {
      if (!attribute.has_g()) continue;
      for (NodeProto& inner : *attribute.mutable_g()->mutable_node()) Rename(inner, names);
      for (auto& output : *attribute.mutable_g()->mutable_output()) {
        output.set_name(Renamed(names, output.name()));
      }
    }
  }

  GraphProto& graph_;
  int opset_;
  const ImportLimits& limits_;
  std::map<std::pair<std::string, std::string>, const FunctionProto*> functions_;
  std::map<std::string, std::optional<bool>> conditions_;  // constants of type bool
  std::set<std::string> taken_;                            // names of the graph, and made up ones
  int64_t added_bytes_ = 0;
};

}  // namespace

absl::Status InlineFunctions(onnx::ModelProto& model, int opset, const ImportLimits& limits) {
  return Inliner(model, opset, limits).Run();
}

}  // namespace rectifier
