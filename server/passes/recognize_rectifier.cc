#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/core/status.h"
#include "server/graph/uses.h"
#include "server/ops/broadcast.h"
#include "server/ops/rectifier.h"
#include "server/passes/passes.h"
#include "server/passes/rectifier_forms.h"
#include "server/passes/rewrite.h"

namespace rectifier {
namespace {

// Constants that were multiplied together.
struct Product {
  Shape shape;
  std::vector<double> values;
};

// The offset of the element of a tensor of shape `from` that NumPy's rules put at element `i` of
// one of shape `to`.
size_t BroadcastOffset(const Shape& from, const Shape& to, int64_t i) {
  int64_t offset = 0;
  int64_t stride = 1;
  for (int axis = to.rank() - 1, own = from.rank() - 1; axis >= 0; --axis, --own) {
    const int64_t at = i % to[axis];
    i /= to[axis];
    if (own < 0) continue;
    if (from[own] != 1) offset += at * stride;
    stride *= from[own];
  }
  return static_cast<size_t>(offset);
}

// In double, where the product of two floats is exact. nullopt for what is no list of floats, and
// for more elements than `most`.
std::optional<Product> Multiply(const std::vector<Factor>& factors, int64_t most) {
  Product product{Shape{}, {1}};
  for (const Factor& factor : factors) {
    if (factor.tensor == nullptr) {
      for (double& value : product.values) value = -value;
      continue;
    }
    if (factor.tensor->dtype() != DType::kFloat32) return std::nullopt;
    const auto shape = BroadcastShapes("", product.shape, factor.tensor->shape());
    if (!shape.ok() || shape->ElementCount() > most || shape->ElementCount() == 0) {
      return std::nullopt;
    }
    const auto data = factor.tensor->data<float>();
    Product next{*shape, {}};
    for (int64_t i = 0; i < shape->ElementCount(); ++i) {
      const double left = product.values[BroadcastOffset(product.shape, *shape, i)];
      const double right = data[BroadcastOffset(factor.tensor->shape(), *shape, i)];
      next.values.push_back(factor.divides ? left / right : left * right);
    }
    product = std::move(next);
  }
  return product;
}

// The slope of f, or nullopt when the expression is not f for these constants.
std::optional<Tensor> SlopeOf(const RectifierForm& form, const PatternMatch& match,
                              const Shape& x) {
  constexpr int64_t kMost = kMaxAddedBytes / static_cast<int64_t>(sizeof(float));
  const auto k = Multiply(match.factors[0], kMost);
  const auto m = Multiply(match.factors[1], kMost);
  if (!k || !m) return std::nullopt;
  const auto shape = BroadcastShapes("", k->shape, m->shape);
  if (!shape.ok() || !BroadcastsInto(*shape, x)) return std::nullopt;
  std::vector<float> slope;
  for (int64_t i = 0; i < shape->ElementCount(); ++i) {
    const double of_k = k->values[BroadcastOffset(k->shape, *shape, i)];
    const double of_m = m->values[BroadcastOffset(m->shape, *shape, i)];
    const auto alpha = static_cast<float>(form.slope.k_factor * of_k + form.slope.m_factor * of_m +
                                          form.slope.offset);
    constexpr double kRounding = 1e-6;
    if (!std::isfinite(alpha)) return std::nullopt;
    if (form.slope.sum_is_one && std::abs(of_k + of_m - 1) > kRounding) return std::nullopt;
    if (form.bound == RectifierForm::Bound::kAtMostOne && alpha > 1) return std::nullopt;
    if (form.bound == RectifierForm::Bound::kAtLeastOne && alpha < 1) return std::nullopt;
    slope.push_back(alpha);
  }
  return Tensor::From<float>(*shape, slope);
}

struct Recognized {
  ValueId x;
  Tensor slope;
  std::string_view formula;
  std::vector<ValueId> inner;
};

std::optional<Recognized> Recognize(const Graph& graph, const Uses& uses, const Node& node,
                                    std::span<const RectifierForm> forms) {
  const ValueId root = node.outputs[0];
  for (const RectifierForm& form : forms) {
    if (form.pattern.op != node.op) continue;
    auto match = MatchPattern(graph, uses, form.pattern, root);
    if (!match) continue;
    // Constants that enlarge x make it another function.
    const TensorType& x = *graph.value(match->x).type;
    if (x.dtype != DType::kFloat32 || x != *graph.value(root).type) continue;
    if (auto slope = SlopeOf(form, *match, x.shape)) {
      return Recognized{match->x, *std::move(slope), form.formula, std::move(match->inner)};
    }
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<int> RecognizeRectifiers(Graph& graph, const PassContext& context) {
  const Uses uses(graph);
  int64_t room = kMaxAddedBytes;
  int changes = 0;
  std::vector<bool> dead(graph.nodes().size(), false);
  for (size_t i = 0; i < graph.nodes().size(); ++i) {
    Node& node = graph.nodes()[i];
    if (dead[i] || node.outputs.size() != 1 || !node.post_ops.empty()) continue;
    auto found = Recognize(graph, uses, node, RectifierForms());
    if (!found && context.relaxed_forms) {
      found = Recognize(graph, uses, node, RelaxedRectifierForms());
    }
    if (!found) continue;
    room -= static_cast<int64_t>(found->slope.bytes().size());
    if (room < 0) break;
    const std::string name = graph.UniqueName(graph.value(node.outputs[0]).name + ".slope");
    const ValueId slope = graph.AddConstant(name, std::move(found->slope));
    node.op = "Rectifier";
    node.inputs = {found->x, slope};
    node.attributes = {{"origin", std::string(kOriginRecognized)},
                       {"form", std::string(found->formula)}};
    for (const ValueId id : found->inner) dead[static_cast<size_t>(uses.producer(id))] = true;
    ++changes;
  }
  EraseNodes(graph, dead);
  return changes;
}

}  // namespace rectifier
