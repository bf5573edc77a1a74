#include "server/import/onnx/graph_reader.h"

#include <onnx/onnx_pb.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/core/log.h"
#include "server/core/problems.h"
#include "server/core/status.h"
#include "server/graph/verifier.h"
#include "server/import/names.h"
#include "server/import/node_order.h"
#include "server/import/onnx/constant_decoder.h"
#include "server/import/onnx/input_type.h"
#include "server/import/onnx/node_conversion.h"
#include "server/import/onnx/spellings.h"
#include "server/import/onnx/value_table.h"
#include "server/ops/infer_types.h"
#include "server/ops/operator_table.h"

namespace rectifier {
namespace {

// The graph's operator may have another name than the file's, which is the one to tell.
absl::Status InTermsOfFile(const absl::Status& status, const Node& added,
                           const onnx::NodeProto& node) {
  const std::string place = Place(added) + ":";
  const std::string_view message = Message(status);
  if (status.ok() || !message.starts_with(place)) return status;
  return absl::Status(status.code(),
                      fmt::format("{}:{}", Place(node), message.substr(place.size())));
}

std::string InputCount(const Spelling& spelling) {
  if (spelling.min_inputs == spelling.max_inputs) return std::to_string(spelling.min_inputs);
  if (spelling.max_inputs == kAnyNumber) return fmt::format("{} or more", spelling.min_inputs);
  return fmt::format("{} to {}", spelling.min_inputs, spelling.max_inputs);
}

class GraphReader {
 public:
  GraphReader(std::string_view place, onnx::GraphProto& proto, int opset,
              const ReadOptions& options)
      : place_(place),
        proto_(proto),
        opset_(opset),
        limits_(options.limits),
        fold_(options.fold),
        values_(graph_, options.limits, options.external) {}

  absl::StatusOr<Graph> Read() {
    // Without sound names nothing that follows could be told apart.
    CheckNames();
    RECTIFIER_RETURN_IF_ERROR(problems_.ToStatus());
    DeclareNames();
    RECTIFIER_RETURN_IF_ERROR(problems_.ToStatus());

    graph_.name = proto_.name();
    AddInputs();
    RECTIFIER_ASSIGN_OR_RETURN(const std::vector<int> order, Order());
    for (const int index : order) ReadNode(proto_.node(index));
    AddOutputs();
    RECTIFIER_RETURN_IF_ERROR(problems_.ToStatus());

    RECTIFIER_RETURN_IF_ERROR(VerifyGraph(graph_));
    RECTIFIER_RETURN_IF_ERROR(InferTypes(graph_));
    return std::move(graph_);
  }

 private:
  void CheckName(std::string_view place, std::string_view name) {
    problems_.Add(rectifier::CheckName(place, name, limits_.max_name_bytes));
  }

  void CheckNames() {
    CheckName("graph", proto_.name());
    for (const auto& input : proto_.input()) CheckName("graph input", input.name());
    for (const auto& output : proto_.output()) CheckName("graph output", output.name());
    for (const auto& tensor : proto_.initializer()) CheckName("initializer", tensor.name());
    for (const auto& tensor : proto_.sparse_initializer()) {
      CheckName("sparse initializer", tensor.values().name());
    }
    for (int i = 0; i < proto_.node_size(); ++i) {
      const onnx::NodeProto& node = proto_.node(i);
      const std::string place = fmt::format("node {}", i);
      CheckName(place, node.name());
      CheckName(place, node.op_type());
      CheckName(place, node.domain());
      for (const std::string& name : node.input()) CheckName(place, name);
      for (const std::string& name : node.output()) CheckName(place, name);
    }
  }

  // Initializers come first: an input of the same name is the initializer (before ir_version 4 all
  // are listed so; later it makes them defaults, which are not for a server's clients to change).
  void DeclareNames() {
    for (int i = 0; i < proto_.initializer_size(); ++i) {
      onnx::TensorProto& tensor = *proto_.mutable_initializer(i);
      if (tensor.name().empty()) {
        problems_.Add(InvalidArgument(fmt::format("initializer {}", i), "has no name"));
      } else if (!values_.DeclareInitializer(tensor)) {
        problems_.Add(InvalidArgument(fmt::format("{} (initializer)", tensor.name()),
                                      "is defined a second time"));
      }
    }
    for (const auto& tensor : proto_.sparse_initializer()) {
      problems_.Add(Unimplemented(fmt::format("{} (sparse initializer)", tensor.values().name()),
                                  "sparse tensors are not supported"));
    }
    std::set<std::string_view> inputs;
    for (const auto& input : proto_.input()) {
      if (input.name().empty()) {
        problems_.Add(InvalidArgument(place_, "a graph input has no name"));
      } else if (!inputs.insert(input.name()).second) {
        problems_.Add(InvalidArgument(fmt::format("{} (graph input)", input.name()),
                                      "is defined a second time"));
      } else if (values_.Declare(input.name())) {
        inputs_.push_back(&input);
      }
    }
    for (int i = 0; i < proto_.node_size(); ++i) {
      const onnx::NodeProto& node = proto_.node(i);
      if (node.output_size() == 0 || node.output(0).empty()) {
        problems_.Add(InvalidArgument(Place(node), "has no output"));
      }
      for (const std::string& name : node.output()) {
        if (name.empty() || values_.Declare(name, i)) continue;
        problems_.Add(InvalidArgument(Place(node), "output {} is defined a second time", name));
      }
    }
    for (const auto& node : proto_.node()) {
      for (const std::string& name : node.input()) values_.MarkRead(name);
    }
    for (const auto& output : proto_.output()) values_.MarkRead(output.name());
  }

  void AddInputs() {
    for (const onnx::ValueInfoProto* input : inputs_) {
      const absl::StatusOr<TensorType> type = ReadInputType(*input, limits_.max_rank);
      problems_.Add(type.status());
      ValueId id = type.ok() ? graph_.AddInput(input->name(), *type) : AddUntyped(input->name());
      if (type.ok() && IsComputedInF32(type->dtype)) {
        id = AddCast(id, DType::kFloat32, input->name());
      }
      values_.Define(input->name(), id);
    }
  }

  // The file's f16, bf16 and f64 stay at the edges of the graph only.
  static bool IsComputedInF32(DType dtype) {
    return dtype == DType::kFloat16 || dtype == DType::kBFloat16 || dtype == DType::kFloat64;
  }

  // `name`.<type>, of which the nodes of the file see nothing.
  ValueId AddCast(ValueId from, DType to, const std::string& name) {
    if (!std::exchange(converts_, true)) {
      log::Info(
          "inputs, outputs and weights of other float types are converted: it computes in f32",
          {{"model", place_}});
    }
    const std::string type(Name(to));
    const ValueId id =
        graph_.AddNode("Cast", {from}, values_.FreshName(name + "." + type), {{"to", type}});
    graph_.nodes().back().name = name;
    problems_.Add(InferNodeTypes(graph_, graph_.nodes().back()));
    return id;
  }

  absl::StatusOr<std::vector<int>> Order() const {
    std::vector<std::vector<int>> dependencies(static_cast<size_t>(proto_.node_size()));
    for (int i = 0; i < proto_.node_size(); ++i) {
      for (const std::string& name : proto_.node(i).input()) {
        const int producer = values_.producer(name);
        if (producer != ValueTable::kNoProducer) {
          dependencies[static_cast<size_t>(i)].push_back(producer);
        }
      }
    }
    NodeOrder order = OrderNodes(dependencies);
    if (order.cycle.empty()) return std::move(order.order);
    constexpr size_t kMaxNamed = 8;
    std::string nodes;
    for (size_t i = 0; i < order.cycle.size() && i < kMaxNamed; ++i) {
      nodes += Place(proto_.node(order.cycle[i])) + " -> ";
    }
    nodes += order.cycle.size() > kMaxNamed ? "..." : Place(proto_.node(order.cycle[0]));
    return InvalidArgument(place_, "the graph has a cycle: {}", nodes);
  }

  // A value that a refused node would have computed, so that its readers can be looked at too.
  ValueId AddUntyped(std::string_view name) {
    return graph_.AddValue({std::string(name), std::nullopt, nullptr});
  }

  void ReadNode(const onnx::NodeProto& node) {
    const size_t first = graph_.nodes().size();
    absl::Status status = Convert(node);
    for (size_t i = first; status.ok() && i < graph_.nodes().size();) {
      const Node& added = graph_.nodes()[i];
      bool folded = false;
      if (HasInputTypes(added)) {
        status = InferNodeTypes(graph_, added);
        if (status.ok()) status = Fold(added, folded);
        status = InTermsOfFile(status, added, node);
      }
      if (folded) {
        graph_.nodes().erase(graph_.nodes().begin() + static_cast<std::ptrdiff_t>(i));
      } else {
        ++i;
      }
    }
    problems_.Add(status);
    // An output that is not computed now: of a refused node, or one that nothing reads.
    if (!status.ok()) graph_.nodes().resize(first);
    for (const std::string& name : node.output()) {
      if (values_.IsRead(name) && !values_.IsDefined(name)) values_.Define(name, AddUntyped(name));
    }
  }

  absl::Status Fold(const Node& node, bool& folded) {
    if (!fold_) return absl::OkStatus();
    RECTIFIER_ASSIGN_OR_RETURN(auto values, fold_(graph_, node));
    if (!values) return absl::OkStatus();
    folded = true;
    // The list of nodes does not change, so that `node` stays where it is.
    graph_.SetConstants(node, *std::move(values));
    return absl::OkStatus();
  }

  bool HasInputTypes(const Node& node) const {
    for (const ValueId id : node.inputs) {
      if (id != kNoValue && !graph_.value(id).type) return false;
    }
    return true;
  }

  absl::Status Convert(const onnx::NodeProto& node) {
    const std::string place = Place(node);
    if (!node.domain().empty() && node.domain() != "ai.onnx") {
      return Unimplemented(place, "the domain {} is not supported", node.domain());
    }
    RECTIFIER_ASSIGN_OR_RETURN(const Spelling* spelling,
                               FindSpelling(place, node.op_type(), opset_));
    RECTIFIER_RETURN_IF_ERROR(CheckArity(place, node, *spelling));
    NodeConversion conversion(node, opset_, ReadInputs(place, node), values_);
    const absl::Status status = spelling->convert(conversion);
    // A wrong attribute was read as its default, so it is what is to be told.
    RECTIFIER_RETURN_IF_ERROR(conversion.attributes().error());
    RECTIFIER_RETURN_IF_ERROR(status);
    Warn(conversion);
    return conversion.attributes().Finish();
  }

  // A network has dozens of nodes that are alike, so that a few lines say what there is to say.
  void Warn(const NodeConversion& conversion) {
    constexpr int kMaxWarnings = 3;
    if (conversion.warning().empty() || ++warnings_ > kMaxWarnings) return;
    log::Warning(conversion.warning(), {{"model", place_}, {"node", conversion.place()}});
    if (warnings_ == kMaxWarnings) log::Warning("more of its kind are not logged");
  }

  absl::Status CheckArity(const std::string& place, const onnx::NodeProto& node,
                          const Spelling& spelling) const {
    const int count = node.input_size();
    if (count < spelling.min_inputs || count > spelling.max_inputs) {
      return InvalidArgument(place, "expected {} inputs, got {}", InputCount(spelling), count);
    }
    for (int i = 0; i < count; ++i) {
      const bool required = i < spelling.min_inputs || spelling.max_inputs == kAnyNumber;
      if (required && node.input(i).empty()) {
        return InvalidArgument(place, "input {} is required", i);
      }
    }
    for (int i = spelling.max_outputs; i < node.output_size(); ++i) {
      if (values_.IsRead(node.output(i))) {
        return Unimplemented(place, "output {} ({}) is not supported", i, node.output(i));
      }
    }
    return absl::OkStatus();
  }

  // What is wrong with an input does not keep the node from being looked at further.
  std::vector<ValueId> ReadInputs(const std::string& place, const onnx::NodeProto& node) {
    std::vector<ValueId> inputs;
    for (int i = 0; i < node.input_size(); ++i) {
      const std::string& name = node.input(i);
      if (name.empty()) {
        inputs.push_back(kNoValue);
      } else if (!values_.IsDeclared(name)) {
        problems_.Add(InvalidArgument(
            place, "input {} ({}) is no graph input, initializer or node's output", i, name));
        inputs.push_back(AddUntyped(name));
      } else {
        absl::StatusOr<ValueId> id = values_.Read(name);
        problems_.Add(id.status());
        inputs.push_back(id.ok() ? *id : *values_.Read(name));
      }
    }
    return inputs;
  }

  void AddOutputs() {
    if (proto_.output_size() == 0) {
      problems_.Add(InvalidArgument(place_, "the graph has no outputs"));
    }
    std::set<std::string_view> names;
    for (const auto& output : proto_.output()) {
      const std::string place = fmt::format("{} (graph output)", output.name());
      if (!names.insert(output.name()).second) {
        problems_.Add(InvalidArgument(place, "is listed a second time"));
      } else if (!values_.IsDeclared(output.name())) {
        problems_.Add(InvalidArgument(place, "is no graph input, initializer or node's output"));
      } else if (const absl::StatusOr<ValueId> id = values_.Read(output.name()); id.ok()) {
        graph_.outputs().push_back({output.name(), AsDeclared(output, *id)});
      } else {
        problems_.Add(id.status());
      }
    }
  }

  // An output of f32 that the file declares to be of a float type which is computed in f32.
  ValueId AsDeclared(const onnx::ValueInfoProto& output, ValueId id) {
    const auto declared = ElementTypeOf(output.type().tensor_type().elem_type());
    const auto& type = graph_.value(id).type;
    const bool convert =
        declared && IsComputedInF32(*declared) && type && type->dtype == DType::kFloat32;
    return convert ? AddCast(id, *declared, output.name()) : id;
  }

  std::string_view place_;
  onnx::GraphProto& proto_;
  int opset_;
  const ImportLimits& limits_;
  const NodeFolder& fold_;
  Graph graph_;
  ValueTable values_;
  Problems problems_;
  int warnings_ = 0;
  bool converts_ = false;
  std::vector<const onnx::ValueInfoProto*> inputs_;  // those that are not initializers
};

}  // namespace

absl::StatusOr<Graph> ReadGraph(std::string_view place, onnx::GraphProto& proto, int opset,
                                const ReadOptions& options) {
  return GraphReader(place, proto, opset, options).Read();
}

}  // namespace rectifier
