#include "server/engine/samplewise.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "server/ops/concat.h"
#include "server/ops/gemm.h"
#include "server/ops/operator_table.h"
#include "server/ops/pad.h"
#include "server/ops/resize.h"
#include "server/ops/softmax.h"
#include "server/ops/transpose.h"

namespace rectifier {
namespace {

class Walker {
 public:
  Walker(const Graph& graph, int64_t samples)
      : graph_(graph),
        samples_(samples),
        samplewise_(static_cast<size_t>(graph.value_count()), false) {}

  void Mark(ValueId id) { samplewise_[static_cast<size_t>(id)] = true; }
  bool WorksBySample(const Node& node) const;

 private:
  const Shape& ShapeOf(ValueId id) const { return graph_.value(id).type->shape; }
  bool IsSamplewise(ValueId id) const { return samplewise_[static_cast<size_t>(id)]; }

  // The first operand has samples, and all others are constants.
  bool OnlyFirstIsComputed(const Node& node) const {
    for (size_t i = 1; i < node.inputs.size(); ++i) {
      if (node.inputs[i] != kNoValue && graph_.constant(node.inputs[i]) == nullptr) return false;
    }
    return IsSamplewise(node.inputs[0]);
  }

  // An operand of an elementwise operator whose result has rank `rank`: samples for samples, or a
  // constant that is the same for all of them.
  bool Broadcasts(ValueId id, int rank) const {
    const Shape& shape = ShapeOf(id);
    if (IsSamplewise(id)) return shape.rank() == rank;
    return graph_.constant(id) != nullptr && (shape.rank() < rank || shape[0] == 1);
  }
  bool AllBroadcast(const std::vector<ValueId>& ids, int rank) const {
    return std::all_of(ids.begin(), ids.end(),
                       [&](ValueId id) { return id == kNoValue || Broadcasts(id, rank); });
  }

  // What each operator needs besides a result that has samples.
  bool Always(const Node& node) const { return OnlyFirstIsComputed(node); }
  bool Elementwise(const Node& node) const {
    return AllBroadcast(node.inputs, ShapeOf(node.outputs[0]).rank());
  }
  bool Concat(const Node& node) const {
    const auto attributes = ConcatAttributes::Read(node, ShapeOf(node.outputs[0]).rank());
    return attributes.ok() && attributes->axis != 0 &&
           std::all_of(node.inputs.begin(), node.inputs.end(),
                       [&](ValueId id) { return IsSamplewise(id); });
  }
  bool Gemm(const Node& node) const {
    const auto attributes = GemmAttributes::Read(node);
    if (!attributes.ok() || attributes->transpose_a || !OnlyFirstIsComputed(node)) return false;
    return node.inputs.size() < 3 || node.inputs[2] == kNoValue || Broadcasts(node.inputs[2], 2);
  }
  bool MatMul(const Node& node) const {
    return OnlyFirstIsComputed(node) && ShapeOf(node.inputs[0]).rank() >= 2 &&
           ShapeOf(node.inputs[1]).rank() <= 2;
  }
  bool Softmax(const Node& node) const {
    const auto attributes = SoftmaxAttributes::Read(node);
    if (!attributes.ok() || !OnlyFirstIsComputed(node)) return false;
    const int rank = ShapeOf(node.inputs[0]).rank();
    return attributes->axis > 0 || (attributes->axis < 0 && attributes->axis + rank > 0);
  }
  bool Pad(const Node& node) const {
    const auto pad = ReadPad(graph_, node, ShapeOf(node.inputs[0]).rank());
    return pad.ok() && pad->begin[0] == 0 && pad->end[0] == 0 && OnlyFirstIsComputed(node);
  }
  bool Resize(const Node& node) const {
    const auto attributes = ResizeAttributes::Read(node);
    if (!attributes.ok() || !OnlyFirstIsComputed(node)) return false;
    const auto dims = ReadResize(graph_, node, *attributes, ShapeOf(node.inputs[0]));
    return dims.ok() && (*dims)[0].input == (*dims)[0].output && (*dims)[0].scale == 1 &&
           (*dims)[0].roi_start == 0 && (*dims)[0].roi_end == 1;
  }
  bool Transpose(const Node& node) const {
    const auto attributes = TransposeAttributes::Read(node, ShapeOf(node.inputs[0]).rank());
    return attributes.ok() && attributes->perm[0] == 0 && OnlyFirstIsComputed(node);
  }

  struct Rule {
    std::string_view op;
    bool (Walker::*holds)(const Node& node) const;
  };
  static const std::array<Rule, 28> kRules;

  const Graph& graph_;
  int64_t samples_;
  std::vector<bool> samplewise_;  // of each value
};

// Reshape and its like leave a sample's elements together as long as there are as many samples.
const std::array<Walker::Rule, 28> Walker::kRules = {
    Rule{"AveragePool", &Walker::Always},
    Rule{"BatchNormalization", &Walker::Always},
    Rule{"Cast", &Walker::Elementwise},
    Rule{"Clip", &Walker::Always},
    Rule{"Concat", &Walker::Concat},
    Rule{"Conv", &Walker::Always},
    Rule{"ConvTranspose", &Walker::Always},
    Rule{"DepthToSpace", &Walker::Always},
    Rule{"Flatten", &Walker::Always},
    Rule{"Gemm", &Walker::Gemm},
    Rule{"GlobalAveragePool", &Walker::Always},
    Rule{"GroupNormalization", &Walker::Always},
    Rule{"Identity", &Walker::Always},
    Rule{"InstanceNormalization", &Walker::Always},
    Rule{"LRN", &Walker::Always},
    Rule{"LogSoftmax", &Walker::Softmax},
    Rule{"LpPool", &Walker::Always},
    Rule{"MatMul", &Walker::MatMul},
    Rule{"MaxPool", &Walker::Always},
    Rule{"Pad", &Walker::Pad},
    Rule{"Rectifier", &Walker::Elementwise},
    Rule{"Reshape", &Walker::Always},
    Rule{"Resize", &Walker::Resize},
    Rule{"Softmax", &Walker::Softmax},
    Rule{"SpaceToDepth", &Walker::Always},
    Rule{"Squeeze", &Walker::Always},
    Rule{"Transpose", &Walker::Transpose},
    Rule{"Unsqueeze", &Walker::Always},
};

bool Walker::WorksBySample(const Node& node) const {
  if (node.outputs.size() != 1 || node.outputs[0] == kNoValue) return false;
  if (node.inputs.empty() || node.inputs[0] == kNoValue) return false;
  const Shape& y = ShapeOf(node.outputs[0]);
  if (y.rank() == 0 || y[0] != samples_) return false;
  for (const PostOp& post_op : node.post_ops) {
    if (!AllBroadcast(post_op.operands, y.rank())) return false;
  }
  for (const Rule& rule : kRules) {
    if (rule.op == node.op) return (this->*rule.holds)(node);
  }
  const Operator* found = FindOperator(node.op);
  return found != nullptr && IsElementwise(*found) && Elementwise(node);
}

}  // namespace

size_t SamplewisePrefix(const Graph& bound, const std::vector<bool>& batched, int64_t samples) {
  Walker walker(bound, samples);
  for (size_t i = 0; i < bound.inputs().size(); ++i) {
    if (batched[i]) walker.Mark(bound.inputs()[i]);
  }
  size_t prefix = 0;
  for (const Node& node : bound.nodes()) {
    if (!walker.WorksBySample(node)) break;
    walker.Mark(node.outputs[0]);
    ++prefix;
  }
  return prefix;
}

}  // namespace rectifier
