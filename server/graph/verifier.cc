#include "server/graph/verifier.h"

#include <set>
#include <string_view>
#include <vector>

#include "server/core/status.h"

namespace rectifier {
namespace {

// Sets are ordered ones: names come from files, and hashes could be made to collide.
class Verifier {
 public:
  explicit Verifier(const Graph& graph)
      : graph_(graph), defined_(static_cast<size_t>(graph.value_count()), false) {}

  absl::Status Run() {
    RECTIFIER_RETURN_IF_ERROR(CheckValues());
    for (const ValueId id : graph_.inputs()) {
      RECTIFIER_RETURN_IF_ERROR(Define("graph input", id));
      if (!graph_.value(id).type) {
        return InvalidArgument(graph_.value(id).name, "a graph input without a type");
      }
    }
    for (const Node& node : graph_.nodes()) RECTIFIER_RETURN_IF_ERROR(CheckNode(node));
    std::set<std::string_view> names;
    for (const Graph::Output& output : graph_.outputs()) {
      if (!names.insert(output.name).second) {
        return InvalidArgument(output.name, "two graph outputs have this name");
      }
      RECTIFIER_RETURN_IF_ERROR(Read("graph output " + output.name, output.value));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status CheckValues() {
    std::set<std::string_view> names;
    for (ValueId id = 0; id < graph_.value_count(); ++id) {
      const Value& value = graph_.value(id);
      if (value.name.empty()) return InvalidArgument(graph_.name, "value {} has no name", id);
      if (!names.insert(value.name).second) {
        return InvalidArgument(value.name, "two values have this name");
      }
      if (value.constant == nullptr) continue;
      if (!value.type || *value.type != value.constant->type()) {
        return InvalidArgument(value.name, "the constant is not of the value's type");
      }
      defined_[static_cast<size_t>(id)] = true;
    }
    return absl::OkStatus();
  }

  bool InRange(ValueId id) const { return id >= 0 && id < graph_.value_count(); }

  absl::Status Define(const std::string& place, ValueId id) {
    if (!InRange(id)) return InvalidArgument(place, "value {} does not exist", id);
    if (defined_[static_cast<size_t>(id)]) {
      return InvalidArgument(place, "{} is defined a second time", graph_.value(id).name);
    }
    defined_[static_cast<size_t>(id)] = true;
    return absl::OkStatus();
  }

  absl::Status Read(const std::string& place, ValueId id) const {
    if (!InRange(id)) return InvalidArgument(place, "value {} does not exist", id);
    if (!defined_[static_cast<size_t>(id)]) {
      return InvalidArgument(place, "{} is read before it is computed", graph_.value(id).name);
    }
    return absl::OkStatus();
  }

  absl::Status CheckNode(const Node& node) {
    const std::string place = Place(node);
    for (const ValueId id : node.inputs) {
      if (id != kNoValue) RECTIFIER_RETURN_IF_ERROR(Read(place, id));
    }
    for (const PostOp& post_op : node.post_ops) {
      for (const ValueId id : post_op.operands) RECTIFIER_RETURN_IF_ERROR(Read(place, id));
    }
    if (node.outputs.empty() || node.outputs[0] == kNoValue) {
      return InvalidArgument(place, "has no output");
    }
    for (const ValueId id : node.outputs) {
      if (id != kNoValue) RECTIFIER_RETURN_IF_ERROR(Define(place, id));
    }
    return absl::OkStatus();
  }

  const Graph& graph_;
  std::vector<bool> defined_;
};

}  // namespace

absl::Status VerifyGraph(const Graph& graph) { return Verifier(graph).Run(); }

}  // namespace rectifier
