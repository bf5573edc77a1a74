#include "server/passes/symbolic_shapes.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "server/ops/conv.h"
#include "server/ops/elementwise.h"
#include "server/ops/operator_table.h"

namespace rectifier {
namespace {

bool IsOneOf(std::string_view op, std::span<const std::string_view> ops) {
  return std::find(ops.begin(), ops.end(), op) != ops.end();
}

// The result has the shape of the first input.
bool KeepsShape(std::string_view op) {
  constexpr std::array<std::string_view, 7> kOthers = {
      "BatchNormalization",    "Cast",     "Clip", "GroupNormalization", "Identity",
      "InstanceNormalization", "Rectifier"};
  const Operator* found = FindOperator(op);
  if (found == nullptr) return false;
  return found->infer == InferFloatUnary || found->infer == InferNumericUnary ||
         IsOneOf(op, kOthers);
}

// The result has the first input's batch.
bool KeepsBatch(std::string_view op) {
  constexpr std::array<std::string_view, 7> kOps = {
      "AveragePool",       "Conv",    "ConvTranspose", "DepthToSpace",
      "GlobalAveragePool", "MaxPool", "SpaceToDepth"};
  return IsOneOf(op, kOps);
}

// What two dimensions of an elementwise operator's operands give; 0 when that is not known.
int64_t Broadcast(int64_t a, int64_t b) {
  if (a == b || b == 1) return a;
  return a == 1 ? b : 0;
}

// Whether a Conv gives as many positions along spatial dimension `i` as it is given.
bool KeepsPositions(const ConvAttributes& attributes, const Shape& weights, size_t i) {
  const WindowAttributes& window = attributes.window;
  const auto at = [i](const std::vector<int64_t>& list, int64_t otherwise) {
    return list.empty() ? otherwise : list[i];
  };
  if (at(window.strides, 1) != 1) return false;
  if (window.auto_pad.starts_with("SAME")) return true;
  if (window.auto_pad != "NOTSET") return false;
  const int64_t kernel = weights[static_cast<int>(i) + 2];
  const size_t dims = window.pads.size() / 2;
  const int64_t pads = window.pads.empty() ? 0 : window.pads[i] + window.pads[dims + i];
  return pads == (kernel - 1) * at(window.dilations, 1);
}

}  // namespace

SymbolicShapes::SymbolicShapes(const Graph& graph)
    : dims_(static_cast<size_t>(graph.value_count())) {
  int64_t next = -1;
  for (ValueId id = 0; id < graph.value_count(); ++id) {
    const auto& type = graph.value(id).type;
    if (!type) continue;
    Dims& dims = dims_[static_cast<size_t>(id)];
    for (const int64_t dim : type->shape.dims()) {
      dims.push_back(dim == kDynamicDim ? next-- : dim);
    }
  }
  for (const Node& node : graph.nodes()) {
    if (node.outputs[0] == kNoValue) continue;  // the first of several may be left out
    Dims& dims = dims_[static_cast<size_t>(node.outputs[0])];
    dims = OfNode(graph, node, dims);
  }
}

SymbolicShapes::Dims SymbolicShapes::OfNode(const Graph& graph, const Node& node,
                                            const Dims& from_type) const {
  Dims dims = from_type;
  if (node.inputs.empty() || node.inputs[0] == kNoValue) return dims;
  const Dims& x = Of(node.inputs[0]);
  // A size that is known says more than a name.
  const auto set = [&](size_t i, int64_t name) {
    if (dims[i] < 0 && name != 0) dims[i] = name;
  };
  const Operator* found = FindOperator(node.op);
  if (KeepsShape(node.op) && x.size() == dims.size()) {
    for (size_t i = 0; i < dims.size(); ++i) set(i, x[i]);
  } else if (found != nullptr && found->infer == InferNumericBinary && node.inputs.size() == 2) {
    const Dims& y = Of(node.inputs[1]);
    for (size_t i = 0; i < dims.size(); ++i) {
      const auto aligned = [&](const Dims& of) {
        const size_t missing = dims.size() - of.size();
        return i < missing ? 1 : of[i - missing];
      };
      set(i, Broadcast(aligned(x), aligned(y)));
    }
  } else if (KeepsBatch(node.op)) {
    set(0, x[0]);
  }
  if (node.op != "Conv") return dims;
  const auto attributes = ConvAttributes::Read(node);
  const Shape& weights = graph.value(node.inputs[1]).type->shape;
  for (size_t i = 2; attributes.ok() && i < dims.size(); ++i) {
    if (KeepsPositions(*attributes, weights, i - 2)) set(i, x[i]);
  }
  return dims;
}

bool SymbolicShapes::Same(ValueId a, ValueId b) const { return Of(a) == Of(b); }

}  // namespace rectifier
