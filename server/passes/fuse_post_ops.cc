#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "server/core/status.h"
#include "server/graph/uses.h"
#include "server/ops/rectifier.h"
#include "server/passes/passes.h"
#include "server/passes/rewrite.h"
#include "server/passes/symbolic_shapes.h"

// A node's result goes on into what alone reads it, before it is stored:
//
//   Rectifier(Conv(x, w), slope)               Conv(x, w) -> Rectifier(slope)
//   Add(Conv(x, w), y)                         Conv(x, w) -> Add(y)
//
// one after the other, as kRules says.

namespace rectifier {
namespace {

class Fuser {
 public:
  explicit Fuser(Graph& graph);
  int Run();

 private:
  // Where a node may go as a post-op: the operand that is the result of what it is fused into, and
  // what the post-op reads besides.
  struct Place {
    ValueId x;
    std::vector<ValueId> operands;
  };
  struct Rule {
    std::string_view op;
    bool (Fuser::*fits)(const Node& into, const Place& place) const;
    bool commutes;  // either of two operands may be the result
  };
  static const std::array<Rule, 2> kRules;

  bool RectifierFits(const Node& into, const Place& place) const;
  bool AddFits(const Node& into, const Place& place) const;

  bool TryFuse(size_t i);
  bool FuseAt(size_t i, const Rule& rule, Place place);
  int& Producer(ValueId id) { return producers_[static_cast<size_t>(id)]; }
  int Producer(ValueId id) const { return producers_[static_cast<size_t>(id)]; }

  Graph& graph_;
  const Uses uses_;
  const SymbolicShapes shapes_;
  // A node takes over the output of what is fused into it, so that the next one finds it again.
  std::vector<int> producers_;
};

const std::array<Fuser::Rule, 2> Fuser::kRules = {
    Rule{"Rectifier", &Fuser::RectifierFits, /*commutes=*/false},
    Rule{"Add", &Fuser::AddFits, /*commutes=*/true},
};

Fuser::Fuser(Graph& graph)
    : graph_(graph),
      uses_(graph),
      shapes_(graph),
      producers_(static_cast<size_t>(graph.value_count())) {
  for (ValueId id = 0; id < graph.value_count(); ++id) Producer(id) = uses_.producer(id);
}

// A slope that is one number, or one for each channel of what takes post-ops.
bool Fuser::RectifierFits(const Node& into, const Place& place) const {
  const int rank = graph_.value(into.outputs[0]).type->shape.rank();
  const auto axis = PostOpChannelAxis(into.op, rank);
  const Tensor* slope = graph_.constant(place.operands[0]);
  if (!axis || slope == nullptr) return false;
  if (into.op == "MatMul") {
    // Only a product with a constant matrix has its columns as channels.
    const Tensor* b = graph_.constant(into.inputs[1]);
    if (b == nullptr || b->shape().rank() != 2) return false;
  }
  return UniformSlope(*slope).has_value() || SlopeVariesOnlyAlong(slope->shape(), rank, *axis);
}

// Something computed of the same shape, and before.
bool Fuser::AddFits(const Node& into, const Place& place) const {
  const ValueId y = place.operands[0];
  if (into.op != "Conv" || graph_.constant(y) != nullptr) return false;
  const auto at = &into - graph_.nodes().data();
  return Producer(y) < at && shapes_.Same(place.x, y);
}

bool Fuser::FuseAt(size_t i, const Rule& rule, Place place) {
  const int producer = Producer(place.x);
  if (producer < 0 || !uses_.HasSingleReader(place.x)) return false;
  Node& into = graph_.nodes()[static_cast<size_t>(producer)];
  constexpr size_t kMost = 8;  // oneDNN takes 32
  if (into.post_ops.size() >= kMost) return false;
  if (!(this->*rule.fits)(into, place)) return false;
  Node& node = graph_.nodes()[i];
  into.post_ops.push_back(
      {node.name, node.op, std::move(node.attributes), std::move(place.operands)});
  into.outputs[0] = node.outputs[0];
  Producer(node.outputs[0]) = producer;
  return true;
}

bool Fuser::TryFuse(size_t i) {
  const Node& node = graph_.nodes()[i];
  for (const Rule& rule : kRules) {
    if (node.op != rule.op || !node.post_ops.empty()) continue;
    const ValueId a = node.inputs[0];
    const ValueId b = node.inputs[1];
    if (FuseAt(i, rule, {a, {b}})) return true;
    if (rule.commutes && FuseAt(i, rule, {b, {a}})) return true;
  }
  return false;
}

int Fuser::Run() {
  std::vector<bool> dead(graph_.nodes().size(), false);
  for (size_t i = 0; i < graph_.nodes().size(); ++i) dead[i] = TryFuse(i);
  return EraseNodes(graph_, dead);
}

}  // namespace

absl::StatusOr<int> FusePostOps(Graph& graph, const PassContext& /*context*/) {
  return Fuser(graph).Run();
}

}  // namespace rectifier
