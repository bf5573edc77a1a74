#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/core/status.h"
#include "server/graph/uses.h"
#include "server/ops/broadcast.h"
#include "server/ops/rectifier.h"
#include "server/ops/reduce.h"
#include "server/passes/passes.h"
#include "server/passes/rewrite.h"

// Normalization as exporters write it out:
//
//   c = x − mean(x);  n = c / √(mean(c²) + ε);  y = n · scale + bias
//
// with both means over the same axes, c² as Mul(c, c) or Pow(c, 2), and scale and bias left out or
// constants. Over the positions of each channel it is an InstanceNormalization, over channels and
// positions a GroupNormalization of one group, where scale and bias have one element for each
// channel; over the last axes a LayerNormalization.

namespace rectifier {
namespace {

struct Expression {
  ValueId x = kNoValue;
  ValueId result = kNoValue;
  std::vector<bool> reduced;
  float epsilon = 0;
  const Tensor* scale = nullptr;
  const Tensor* bias = nullptr;
  std::vector<int> nodes;  // that it consists of, but for the last
};

class Matcher {
 public:
  explicit Matcher(const Graph& graph) : graph_(graph), uses_(graph) {}

  // The expression whose division is node `i`.
  std::optional<Expression> Match(int i) const {
    const Node& division = node(i);
    if (division.op != "Div" || !division.post_ops.empty()) return std::nullopt;
    Expression found;
    const Node* center = Producer(division.inputs[0], "Sub", found);
    const Node* root = center == nullptr ? nullptr : Producer(division.inputs[1], "Sqrt", found);
    const Node* sum = root == nullptr ? nullptr : Producer(root->inputs[0], "Add", found);
    if (sum == nullptr || !ReadEpsilon(*sum, found)) return std::nullopt;
    const ValueId variance = sum->inputs[graph_.constant(sum->inputs[0]) == nullptr ? 0 : 1];
    const Node* mean_of_squares = Producer(variance, "ReduceMean", found);
    const Node* mean =
        mean_of_squares == nullptr ? nullptr : Producer(center->inputs[1], "ReduceMean", found);
    if (mean == nullptr || mean->inputs[0] != center->inputs[0]) return std::nullopt;
    if (!IsSquare(mean_of_squares->inputs[0], center->outputs[0], found)) return std::nullopt;
    found.x = center->inputs[0];
    if (graph_.value(division.outputs[0]).type != graph_.value(found.x).type) return std::nullopt;
    const int rank = graph_.value(found.x).type->shape.rank();
    const auto axes = ReadReduce(graph_, *mean, rank);
    const auto same = ReadReduce(graph_, *mean_of_squares, rank);
    if (!axes.ok() || !same.ok() || axes->reduced != same->reduced) return std::nullopt;
    if (!axes->keep_dims || !same->keep_dims) return std::nullopt;
    if (!IsFloat(found.x) || !OthersReadOnly(center->outputs[0], found, i)) return std::nullopt;
    found.reduced = axes->reduced;
    found.result = division.outputs[0];
    found.nodes.push_back(i);
    AddConstantsBehind(found);
    found.nodes.pop_back();  // the last one stays
    return found;
  }

  int LastNode(const Expression& found) const { return uses_.producer(found.result); }

 private:
  const Node& node(int i) const { return graph_.nodes()[static_cast<size_t>(i)]; }

  bool IsFloat(ValueId id) const { return graph_.value(id).type->dtype == DType::kFloat32; }

  // The node that computes `id`, if it is an `op` without post-ops; it joins the expression.
  const Node* Producer(ValueId id, std::string_view op, Expression& found) const {
    const int i = id == kNoValue ? -1 : uses_.producer(id);
    if (i < 0 || node(i).op != op || !node(i).post_ops.empty()) return nullptr;
    found.nodes.push_back(i);
    return &node(i);
  }

  bool ReadEpsilon(const Node& sum, Expression& found) const {
    for (const ValueId id : sum.inputs) {
      const Tensor* constant = graph_.constant(id);
      if (constant == nullptr || constant->dtype() != DType::kFloat32) continue;
      if (constant->ElementCount() != 1) return false;
      found.epsilon = constant->data<float>()[0];
      return found.epsilon >= 0;
    }
    return false;
  }

  bool IsSquare(ValueId square, ValueId of, Expression& found) const {
    if (const Node* product = Producer(square, "Mul", found)) {
      return product->inputs[0] == of && product->inputs[1] == of;
    }
    const Node* power = Producer(square, "Pow", found);
    if (power == nullptr || power->inputs[0] != of) return false;
    const Tensor* exponent = graph_.constant(power->inputs[1]);
    return exponent != nullptr && exponent->dtype() == DType::kFloat32 &&
           UniformSlope(*exponent) == 2.0F;
  }

  // Nothing but the expression, whose division is node `last`, reads what is inside of it.
  bool OthersReadOnly(ValueId center, const Expression& found, int last) const {
    for (const int i : found.nodes) {
      const ValueId id = node(i).outputs[0];
      if (uses_.is_output(id)) return false;
      if (id != center && uses_.readers(id).size() > 1) return false;
      for (const int reader : uses_.readers(id)) {
        const bool inside = reader == last || std::find(found.nodes.begin(), found.nodes.end(),
                                                        reader) != found.nodes.end();
        if (!inside) return false;
      }
    }
    return true;
  }

  // Takes a product and a sum with a constant, which alone read what they go on from.
  void AddConstantsBehind(Expression& found) const {
    for (const auto& [op, constant] :
         {std::pair{"Mul", &Expression::scale}, std::pair{"Add", &Expression::bias}}) {
      if (!uses_.HasSingleReader(found.result)) return;
      const int i = uses_.readers(found.result)[0];
      const Node& next = node(i);
      if (next.op != op || !next.post_ops.empty()) continue;
      const size_t other = next.inputs[0] == found.result ? 1 : 0;
      const Tensor* tensor = graph_.constant(next.inputs[other]);
      if (tensor == nullptr || tensor->dtype() != DType::kFloat32 ||
          graph_.value(next.outputs[0]).type != graph_.value(found.x).type) {
        return;
      }
      found.*constant = tensor;
      found.result = next.outputs[0];
      found.nodes.push_back(i);
    }
  }

  const Graph& graph_;
  Uses uses_;
};

// The first of the axes, if they are all from there on and the batch is not among them.
std::optional<int> FirstAxis(const std::vector<bool>& reduced) {
  const auto first = std::find(reduced.begin(), reduced.end(), true);
  if (first == reduced.begin() || first == reduced.end()) return std::nullopt;
  if (std::find(first, reduced.end(), false) != reduced.end()) return std::nullopt;
  return static_cast<int>(first - reduced.begin());
}

// A constant that varies along the channels at most as one of [channels].
std::optional<Tensor> PerChannel(const Tensor* tensor, int rank, int64_t channels,
                                 float otherwise) {
  std::vector<float> values(static_cast<size_t>(channels), otherwise);
  if (tensor != nullptr) {
    if (!SlopeVariesOnlyAlong(tensor->shape(), rank, 1)) return std::nullopt;
    const auto data = tensor->data<float>();
    for (size_t i = 0; i < values.size(); ++i) values[i] = data[data.size() == 1 ? 0 : i];
  }
  return Tensor::From<float>(Shape{channels}, values);
}

// Gives new constants names that begin with that of the result.
class Namer {
 public:
  Namer(Graph& graph, const Node& node) : graph_(graph), base_(graph.value(node.outputs[0]).name) {}
  ValueId Add(std::string_view what, Tensor tensor) const {
    return graph_.AddConstant(graph_.UniqueName(fmt::format("{}.{}", base_, what)),
                              std::move(tensor));
  }

 private:
  Graph& graph_;
  std::string base_;
};

bool BecomeChannelwise(Graph& graph, Node& last, const Expression& found, int axis, int64_t& room) {
  const Shape& x = graph.value(found.x).type->shape;
  if (axis > 2 || x.rank() < 3 || x[1] == kDynamicDim || x[1] == 0) return false;
  constexpr int64_t kBytes = 2 * sizeof(float);  // of scale and bias together
  if (x[1] > room / kBytes) return false;
  room -= x[1] * kBytes;
  auto scale = PerChannel(found.scale, x.rank(), x[1], 1);
  auto bias = PerChannel(found.bias, x.rank(), x[1], 0);
  if (!scale || !bias) return false;
  last.op = axis == 1 ? "GroupNormalization" : "InstanceNormalization";
  last.attributes = {{"epsilon", found.epsilon}};
  if (axis == 1) last.attributes["num_groups"] = int64_t{1};
  const Namer namer(graph, last);
  last.inputs = {found.x, namer.Add("scale", *std::move(scale)),
                 namer.Add("bias", *std::move(bias))};
  return true;
}

bool BecomeLayerwise(Graph& graph, Node& last, const Expression& found, int axis, int64_t& room) {
  const Shape& x = graph.value(found.x).type->shape;
  const Shape normalized(x.dims().subspan(static_cast<size_t>(axis)));
  for (const Tensor* tensor : {found.scale, found.bias}) {
    if (tensor != nullptr && !BroadcastsInto(tensor->shape(), normalized)) return false;
  }
  for (const Tensor* tensor : {found.scale, found.bias}) {
    if (tensor != nullptr) room -= static_cast<int64_t>(tensor->bytes().size());
  }
  if (room < 0) return false;
  last.op = "LayerNormalization";
  last.attributes = {{"axis", int64_t{axis}}, {"epsilon", found.epsilon}};
  const Namer namer(graph, last);
  const auto copy = [](const Tensor& tensor) {
    return Tensor::From(tensor.shape(), tensor.data<float>());
  };
  last.inputs = {
      found.x, namer.Add("scale", found.scale == nullptr ? Tensor::Scalar(1) : copy(*found.scale))};
  if (found.bias != nullptr) last.inputs.push_back(namer.Add("bias", copy(*found.bias)));
  return true;
}

}  // namespace

absl::StatusOr<int> RecognizeNormalizations(Graph& graph, const PassContext& /*context*/) {
  const Matcher matcher(graph);
  int64_t room = kMaxAddedBytes;
  int changes = 0;
  std::vector<bool> dead(graph.nodes().size(), false);
  for (size_t i = 0; i < graph.nodes().size(); ++i) {
    const auto found = matcher.Match(static_cast<int>(i));
    if (!found) continue;
    const auto axis = FirstAxis(found->reduced);
    if (!axis) continue;
    Node& last = graph.nodes()[static_cast<size_t>(matcher.LastNode(*found))];
    if (!BecomeChannelwise(graph, last, *found, *axis, room) &&
        !BecomeLayerwise(graph, last, *found, *axis, room)) {
      continue;
    }
    for (const int node : found->nodes) dead[static_cast<size_t>(node)] = true;
    ++changes;
  }
  EraseNodes(graph, dead);
  return changes;
}

}  // namespace rectifier
