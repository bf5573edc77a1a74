#include "server/passes/pattern.h"

#include <algorithm>
#include <array>
#include <utility>

#include "server/ops/rectifier.h"

namespace rectifier {
namespace {

constexpr std::array<std::string_view, 4> kCommutative = {"Add", "Max", "Min", "Mul"};

// Longer chains of constants than any exporter writes; it bounds the search.
constexpr size_t kMaxFactors = 8;

class Matcher {
 public:
  Matcher(const Graph& graph, const Uses& uses) : graph_(graph), uses_(uses) {}

  using State = std::optional<PatternMatch>;

  State Match(const Pattern& pattern, ValueId id, PatternMatch state) const {
    switch (pattern.kind) {
      case Pattern::Kind::kX:
        if (id == kNoValue || graph_.constant(id) != nullptr) return std::nullopt;
        if (state.x != kNoValue && state.x != id) return std::nullopt;
        state.x = id;
        return state;
      case Pattern::Kind::kNumber:
        return IsNumber(id, pattern.number) ? State(std::move(state)) : std::nullopt;
      case Pattern::Kind::kNothing:
        return id == kNoValue ? State(std::move(state)) : std::nullopt;
      case Pattern::Kind::kOp:
        return MatchOp(pattern, id, std::move(state));
      case Pattern::Kind::kTimes:
        return MatchTimes(pattern, id, std::move(state));
      case Pattern::Kind::kAnyOf:
        for (const Pattern& alternative : pattern.of) {
          if (State match = Match(alternative, id, state)) return match;
        }
        return std::nullopt;
    }
    return std::nullopt;
  }

  // Whatever is inside is read as often as the pattern passed through it, and by nobody else.
  bool IsPrivate(const std::vector<ValueId>& inner) const {
    return std::all_of(inner.begin(), inner.end(), [&](ValueId id) {
      const auto times = static_cast<size_t>(std::count(inner.begin(), inner.end(), id));
      return !uses_.is_output(id) && uses_.readers(id).size() <= times;
    });
  }

 private:
  bool IsNumber(ValueId id, float number) const {
    const Tensor* constant = graph_.constant(id);
    if (constant == nullptr || constant->dtype() != DType::kFloat32) return false;
    const auto value = UniformSlope(*constant);
    return value && *value == number;
  }

  const Node* Producer(ValueId id) const {
    if (id == kNoValue || uses_.producer(id) < 0) return nullptr;
    const Node& node = graph_.nodes()[static_cast<size_t>(uses_.producer(id))];
    return node.outputs.size() == 1 && node.post_ops.empty() ? &node : nullptr;
  }

  static ValueId Operand(const Node& node, size_t i) {
    return i < node.inputs.size() ? node.inputs[i] : kNoValue;
  }

  State MatchOp(const Pattern& pattern, ValueId id, PatternMatch state) const {
    const Node* node = Producer(id);
    if (node == nullptr || node->op != pattern.op || node->inputs.size() > pattern.of.size()) {
      return std::nullopt;
    }
    state.inner.push_back(id);
    if (State match = MatchOperands(pattern, *node, {0, 1}, state)) return match;
    return pattern.commutes ? MatchOperands(pattern, *node, {1, 0}, std::move(state))
                            : std::nullopt;
  }

  // The first two operands in the given order.
  State MatchOperands(const Pattern& pattern, const Node& node, std::array<size_t, 2> order,
                      PatternMatch state) const {
    State match = std::move(state);
    for (size_t i = 0; match && i < pattern.of.size(); ++i) {
      match = Match(pattern.of[i], Operand(node, i < 2 ? order[i] : i), *std::move(match));
    }
    return match;
  }

  State MatchTimes(const Pattern& pattern, ValueId id, PatternMatch state) const {
    for (size_t i = 0; i <= kMaxFactors; ++i) {
      if (State match = Match(pattern.of[0], id, state)) return match;
      const Node* node = Producer(id);
      if (node == nullptr) return std::nullopt;
      state.inner.push_back(id);
      const Tensor* first = graph_.constant(node->inputs[0]);
      const Tensor* second = graph_.constant(Operand(*node, 1));
      if (node->op == "Neg") {
        state.factors[pattern.product].push_back({});
        id = node->inputs[0];
      } else if (node->op == "Sub" && IsNumber(node->inputs[0], 0)) {
        state.factors[pattern.product].push_back({});
        id = node->inputs[1];
      } else if (node->op == "Mul" && first != nullptr) {
        state.factors[pattern.product].push_back({first, false});
        id = node->inputs[1];
      } else if ((node->op == "Mul" || node->op == "Div") && second != nullptr) {
        state.factors[pattern.product].push_back({second, node->op == "Div"});
        id = node->inputs[0];
      } else {
        return std::nullopt;
      }
    }
    return std::nullopt;
  }

  const Graph& graph_;
  const Uses& uses_;
};

}  // namespace

Pattern X() { return {}; }

Pattern Number(float number) {
  Pattern pattern;
  pattern.kind = Pattern::Kind::kNumber;
  pattern.number = number;
  return pattern;
}

Pattern Nothing() {
  Pattern pattern;
  pattern.kind = Pattern::Kind::kNothing;
  return pattern;
}

Pattern Op(std::string op, std::vector<Pattern> operands) {
  Pattern pattern;
  pattern.kind = Pattern::Kind::kOp;
  pattern.commutes = std::find(kCommutative.begin(), kCommutative.end(), op) != kCommutative.end();
  pattern.op = std::move(op);
  pattern.of = std::move(operands);
  return pattern;
}

Pattern AnyOf(std::vector<Pattern> alternatives) {
  Pattern pattern;
  pattern.kind = Pattern::Kind::kAnyOf;
  pattern.of = std::move(alternatives);
  return pattern;
}

Pattern Times(Pattern p, size_t product) {
  Pattern pattern;
  pattern.kind = Pattern::Kind::kTimes;
  pattern.product = product;
  pattern.of.push_back(std::move(p));
  return pattern;
}

std::optional<PatternMatch> MatchPattern(const Graph& graph, const Uses& uses,
                                         const Pattern& pattern, ValueId root) {
  const Matcher matcher(graph, uses);
  std::optional<PatternMatch> match = matcher.Match(pattern, root, {});
  if (!match) return std::nullopt;
  std::erase(match->inner, root);
  if (match->x == kNoValue || !matcher.IsPrivate(match->inner)) return std::nullopt;
  return match;
}

}  // namespace rectifier
