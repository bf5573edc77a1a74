#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/core/status.h"
#include "server/ops/node_types.h"
#include "server/ops/operator_table.h"
#include "server/ops/pad.h"
#include "server/ops/reduce.h"
#include "server/ops/softmax.h"
#include "server/passes/passes.h"
#include "server/passes/permutation.h"
#include "server/passes/rewrite.h"

// Networks that were exported channels-last have a Transpose before and after each convolution.
// Here a Transpose moves down through whatever does not care for the order of axes, until it meets
// the one that undoes it, or an operator that does care:
//
//   Relu(Transpose(x))                       Transpose(Relu(x))
//   Add(Transpose(a), Transpose(b))          Transpose(Add(a, b))
//   Concat(Transpose(a), …) {axis = 3}       Transpose(Concat(a, …) {axis = 1})
//   Transpose(Transpose(x))                  x, or one Transpose
//
// Constants among the operands are transposed the other way.

namespace rectifier {
namespace {

// A value that is `source` with its axes in another order.
struct Transposed {
  ValueId source = kNoValue;
  Permutation perm;
};

class Sinker {
 public:
  explicit Sinker(Graph& graph)
      : graph_(graph), transposed_(static_cast<size_t>(graph.value_count())) {}

  int Run() {
    std::vector<Node> nodes = std::exchange(graph_.nodes(), {});
    for (Node& node : nodes) {
      if (node.op == "Transpose") Combine(node);
      if (!Sink(node)) graph_.nodes().push_back(std::move(node));
    }
    return changes_;
  }

 private:
  int Rank(ValueId id) const { return graph_.value(id).type->shape.rank(); }

  const Transposed* Find(ValueId id) const {
    const auto index = static_cast<size_t>(id);
    if (id == kNoValue || index >= transposed_.size() || !transposed_[index]) return nullptr;
    return &*transposed_[index];
  }

  void Remember(ValueId id, Transposed transposed) {
    transposed_.resize(static_cast<size_t>(graph_.value_count()));
    transposed_[static_cast<size_t>(id)] = std::move(transposed);
  }

  // A Transpose is remembered, and made one with the Transpose before it.
  void Combine(Node& node) {
    auto perm = PermutationOf(node, Rank(node.inputs[0]));
    if (!perm || !node.post_ops.empty()) return;
    if (const Transposed* before = Find(node.inputs[0])) {
      perm = Compose(before->perm, *perm);
      node.inputs[0] = before->source;
      ++changes_;
      node.attributes["perm"] = *perm;
    }
    if (!IsIdentity(*perm)) {
      Remember(node.outputs[0], {node.inputs[0], *perm});
    } else {
      node.op = "Identity";
      node.attributes.clear();
    }
  }

  // The one order in which all computed operands of the node's first `count` inputs stand; nullopt
  // when there is none, or an operand has another rank and is more than a number.
  std::optional<Permutation> CommonPermutation(const Node& node, size_t count) const {
    std::optional<Permutation> common;
    for (size_t i = 0; i < std::min(count, node.inputs.size()); ++i) {
      const ValueId id = node.inputs[i];
      if (id == kNoValue || graph_.constant(id) != nullptr || IsNumber(id)) continue;
      const Transposed* transposed = Find(id);
      if (transposed == nullptr || (common && *common != transposed->perm)) return std::nullopt;
      common = transposed->perm;
    }
    if (!common) return std::nullopt;
    for (size_t i = 0; i < std::min(count, node.inputs.size()); ++i) {
      const ValueId id = node.inputs[i];
      if (id != kNoValue && Rank(id) > static_cast<int>(common->size())) return std::nullopt;
    }
    return common;
  }

  bool IsNumber(ValueId id) const {
    const Shape& shape = graph_.value(id).type->shape;
    return shape.IsStatic() && shape.ElementCount() == 1;
  }

  // The operand as it stands before the Transpose.
  std::optional<ValueId> Untransposed(ValueId id, const Permutation& perm) {
    if (id == kNoValue) return id;
    if (const Transposed* transposed = Find(id)) return transposed->source;
    const Tensor* constant = graph_.constant(id);
    if (constant == nullptr || constant->ElementCount() == 1) {
      // One number broadcasts alike, unless it has more axes than the others.
      return id;
    }
    room_ -= static_cast<int64_t>(constant->bytes().size());
    if (room_ < 0) return std::nullopt;
    const int rank = static_cast<int>(perm.size());
    return graph_.AddConstant(graph_.UniqueName(graph_.value(id).name + ".transposed"),
                              Permuted(WithRank(*constant, rank), Inverse(perm)));
  }

  // Puts the node before its Transposes: its first `count` inputs become what they are transposed
  // of, and its output is transposed instead.
  bool Move(Node& node, const Permutation& perm, size_t count) {
    std::vector<ValueId> inputs = node.inputs;
    for (size_t i = 0; i < std::min(count, inputs.size()); ++i) {
      const auto input = Untransposed(inputs[i], perm);
      if (!input) return false;
      inputs[i] = *input;
    }
    node.inputs = std::move(inputs);
    const ValueId result = node.outputs[0];
    const std::string name = graph_.UniqueName(graph_.value(result).name + ".sunk");
    const ValueId before = graph_.AddValue({name, std::nullopt, nullptr});
    // What comes later asks for its rank.
    TensorType type = *graph_.value(result).type;
    Shape shape(std::vector<int64_t>(perm.size(), kDynamicDim));
    for (size_t i = 0; i < perm.size(); ++i) {
      shape[static_cast<int>(perm[i])] = type.shape[static_cast<int>(i)];
    }
    type.shape = shape;
    graph_.value(before).type = type;
    node.outputs[0] = before;
    // The node keeps its name, for messages and `inspect`.
    graph_.nodes().push_back(std::move(node));
    graph_.nodes().push_back(
        {graph_.value(result).name, "Transpose", {{"perm", perm}}, {before}, {result}, {}});
    Remember(result, {before, perm});
    ++changes_;
    return true;
  }

  bool Sink(Node& node) {
    if (node.outputs.size() != 1 || !node.post_ops.empty() || node.inputs.empty()) return false;
    const size_t operands = ElementwiseOperands(node.op);
    if (operands > 0) {
      const auto perm = CommonPermutation(node, operands);
      if (!perm || Rank(node.outputs[0]) != static_cast<int>(perm->size())) return false;
      return Move(node, *perm, operands);
    }
    if (node.op == "Concat") return SinkConcat(node);
    if (node.op == "Pad") return SinkPad(node);
    if (node.op == "Softmax" || node.op == "LogSoftmax") return SinkSoftmax(node);
    if (node.op.starts_with("Reduce")) return SinkReduce(node);
    return false;
  }

  // How many operands of an elementwise operator broadcast against each other; 0 for others.
  static size_t ElementwiseOperands(std::string_view op) {
    if (op == "Cast" || op == "Clip" || op == "Identity") return 1;
    if (op == "Rectifier") return 2;
    const Operator* found = FindOperator(op);
    if (found == nullptr || !IsElementwise(*found)) return 0;
    return static_cast<size_t>(found->max_inputs);
  }

  bool SinkConcat(Node& node) {
    const auto perm = CommonPermutation(node, node.inputs.size());
    if (!perm) return false;
    const auto is_number = [&](ValueId id) { return Find(id) == nullptr && IsNumber(id); };
    if (std::any_of(node.inputs.begin(), node.inputs.end(), is_number)) return false;
    return MoveAlongAxis(node, *perm, node.inputs.size());
  }

  bool SinkSoftmax(Node& node) {
    const auto attributes = SoftmaxAttributes::Read(node);
    const auto perm = CommonPermutation(node, 1);
    if (!perm || !attributes.ok() || attributes->flatten) return false;
    if (node.attributes.find("axis") == node.attributes.end()) {
      node.attributes["axis"] = attributes->axis;
    }
    return MoveAlongAxis(node, *perm, 1);
  }

  // A node whose attribute `axis` is one of the transposed axes.
  bool MoveAlongAxis(Node& node, const Permutation& perm, size_t count) {
    const auto found = node.attributes.find("axis");
    if (found == node.attributes.end()) return false;
    const auto axis =
        NormalizeAxis("", std::get<int64_t>(found->second), static_cast<int>(perm.size()));
    if (!axis.ok()) return false;
    const AttributeValue before = std::exchange(found->second, perm[static_cast<size_t>(*axis)]);
    if (Move(node, perm, count)) return true;
    found->second = before;
    return false;
  }

  bool SinkPad(Node& node) {
    const auto perm = CommonPermutation(node, 1);
    if (!perm || graph_.constant(node.inputs[1]) == nullptr) return false;
    const auto pads = ReadPad(graph_, node, static_cast<int>(perm->size()));
    if (!pads.ok()) return false;
    const size_t rank = perm->size();
    std::vector<int64_t> moved(2 * rank);
    for (size_t i = 0; i < rank; ++i) {
      moved[static_cast<size_t>((*perm)[i])] = pads->begin[i];
      moved[rank + static_cast<size_t>((*perm)[i])] = pads->end[i];
    }
    node.inputs[1] =
        graph_.AddConstant(graph_.UniqueName(graph_.value(node.inputs[1]).name + ".transposed"),
                           Tensor::From<int64_t>(Shape{static_cast<int64_t>(moved.size())}, moved));
    if (node.inputs.size() > 3) node.inputs.resize(3);  // the pads are for all axes now
    while (node.inputs.back() == kNoValue) node.inputs.pop_back();
    return Move(node, *perm, 1);
  }

  bool SinkReduce(Node& node) {
    const auto perm = CommonPermutation(node, 1);
    if (!perm || (node.inputs.size() > 1 && graph_.constant(node.inputs[1]) == nullptr)) {
      return false;
    }
    const auto arguments = ReadReduce(graph_, node, static_cast<int>(perm->size()));
    if (!arguments.ok()) return false;
    std::vector<int64_t> axes;
    Permutation kept;
    for (size_t i = 0; i < perm->size(); ++i) {
      (arguments->reduced[i] ? axes : kept).push_back((*perm)[i]);
    }
    // Without the reduced axes the others must stand in their order, or nothing is won.
    if (axes.empty() || (!arguments->keep_dims && !std::is_sorted(kept.begin(), kept.end()))) {
      return false;
    }
    std::sort(axes.begin(), axes.end());
    const ValueId list =
        graph_.AddConstant(graph_.UniqueName(graph_.value(node.outputs[0]).name + ".axes"),
                           Tensor::From<int64_t>(Shape{static_cast<int64_t>(axes.size())}, axes));
    node.inputs.resize(2);
    node.inputs[1] = list;
    if (arguments->keep_dims) return Move(node, *perm, 1);
    node.inputs[0] = Find(node.inputs[0])->source;
    graph_.nodes().push_back(std::move(node));
    ++changes_;
    return true;
  }

  Graph& graph_;
  std::vector<std::optional<Transposed>> transposed_;  // by value
  int64_t room_ = kMaxAddedBytes;
  int changes_ = 0;
};

}  // namespace

absl::StatusOr<int> SinkTransposes(Graph& graph, const PassContext& /*context*/) {
  return Sinker(graph).Run();
}

}  // namespace rectifier
