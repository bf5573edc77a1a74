#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "server/core/status.h"
#include "server/graph/uses.h"
#include "server/ops/conv.h"
#include "server/ops/depth_to_space.h"
#include "server/ops/rectifier.h"
#include "server/passes/passes.h"
#include "server/passes/rewrite.h"

// A pixel shuffle takes b · b channels for one and puts them side by side. Two rewrites make it
// cheap behind a Conv, channels-last:
//
//   DepthToSpace(Conv(x, w)) {mode = "CRD"}    DepthToSpace(Conv(x, w')) {mode = "DCR"}
//   Rectifier(DepthToSpace(y), slope)          DepthToSpace(Rectifier(y, slope'))
//
// With mode DCR neighbours lie in consecutive channels, so that whole runs are copied; the Conv's
// output channels (w' and its bias) stand in another order instead. The Rectifier goes on to be
// fused; slope' has each channel's slope for all the channels that it is made of.

namespace rectifier {
namespace {

// For each channel in the order of DCR, which one of CRD's it is.
std::vector<size_t> DcrFromCrd(size_t channels, size_t pixels) {
  std::vector<size_t> from(channels * pixels);
  for (size_t r = 0; r < pixels; ++r) {
    for (size_t c = 0; c < channels; ++c) from[r * channels + c] = c * pixels + r;
  }
  return from;
}

// The rows of a tensor in another order.
Tensor Reordered(const Tensor& tensor, const std::vector<size_t>& from) {
  Tensor result = Tensor::From(tensor.shape(), tensor.data<float>());
  const auto out = result.data<float>();
  const auto in = tensor.data<float>();
  const size_t row = in.size() / from.size();
  for (size_t i = 0; i < from.size(); ++i) {
    std::copy_n(in.begin() + static_cast<std::ptrdiff_t>(from[i] * row), row,
                out.begin() + static_cast<std::ptrdiff_t>(i * row));
  }
  return result;
}

class Arranger {
 public:
  explicit Arranger(Graph& graph) : graph_(graph), uses_(graph) {}

  int Run() {
    std::vector<size_t> shuffles;  // as they stand now: lifting moves them
    for (size_t i = 0; i < graph_.nodes().size(); ++i) {
      const Node& node = graph_.nodes()[i];
      if (node.op == "DepthToSpace" && node.post_ops.empty()) shuffles.push_back(i);
    }
    for (const size_t i : shuffles) {
      const auto attributes = BlockAttributes::Read(graph_.nodes()[i]);
      if (!attributes.ok()) continue;
      const ValueId x = graph_.nodes()[i].inputs[0];
      const int producer = uses_.producer(x);
      if (producer < 0 || !uses_.HasSingleReader(x)) continue;
      Node& conv = graph_.nodes()[static_cast<size_t>(producer)];
      if (conv.op != "Conv" || !conv.post_ops.empty()) continue;
      if (attributes->channels_first && TakeOrder(conv, attributes->block)) {
        graph_.nodes()[i].attributes["mode"] = std::string("DCR");
        ++changes_;
      }
      LiftRectifier(i, attributes->block);
    }
    return changes_;
  }

 private:
  ValueId AddConstant(ValueId like, std::string_view what, Tensor tensor) {
    const std::string name = graph_.UniqueName(fmt::format("{}.{}", graph_.value(like).name, what));
    return graph_.AddConstant(name, std::move(tensor));
  }

  // Puts the Conv's output channels into the order of DCR.
  bool TakeOrder(Node& conv, int64_t block) {
    const auto attributes = ConvAttributes::Read(conv);
    const Tensor* weights = graph_.constant(conv.inputs[1]);
    const ValueId bias_id = conv.inputs.size() > 2 ? conv.inputs[2] : kNoValue;
    const Tensor* bias = graph_.constant(bias_id);
    if (!attributes.ok() || attributes->group != 1 || weights == nullptr) return false;
    if (weights->ElementCount() == 0) return false;
    if (bias_id != kNoValue && bias == nullptr) return false;
    room_ -= static_cast<int64_t>(weights->bytes().size());
    if (bias != nullptr) room_ -= static_cast<int64_t>(bias->bytes().size());
    if (room_ < 0) return false;
    const auto pixels = static_cast<size_t>(block * block);
    const std::vector<size_t> from =
        DcrFromCrd(static_cast<size_t>(weights->shape()[0]) / pixels, pixels);
    conv.inputs[1] = AddConstant(conv.inputs[1], "by_pixel", Reordered(*weights, from));
    if (bias != nullptr) conv.inputs[2] = AddConstant(bias_id, "by_pixel", Reordered(*bias, from));
    return true;
  }

  // Exchanges node `i` and a Rectifier that alone reads it.
  void LiftRectifier(size_t i, int64_t block) {
    const ValueId shuffled = graph_.nodes()[i].outputs[0];
    if (!uses_.HasSingleReader(shuffled)) return;
    const auto at = static_cast<size_t>(uses_.readers(shuffled)[0]);
    const Node& reader = graph_.nodes()[at];
    if (reader.op != "Rectifier" || reader.inputs[0] != shuffled || !reader.post_ops.empty()) {
      return;
    }
    const Tensor* slope = graph_.constant(reader.inputs[1]);
    if (slope == nullptr || !SlopeVariesOnlyAlong(slope->shape(), 4, 1)) return;
    if (slope->ElementCount() > 1) {
      room_ -= static_cast<int64_t>(slope->bytes().size()) * block * block;
      if (room_ < 0) return;
    }
    Node rectifier = reader;
    Node shuffle = graph_.nodes()[i];
    if (slope->ElementCount() > 1) {
      rectifier.inputs[1] =
          AddConstant(reader.inputs[1], "by_pixel", Spread(*slope, block * block, IsCrd(shuffle)));
    }
    const ValueId x = shuffle.inputs[0];
    const ValueId result = rectifier.outputs[0];
    const std::string name = graph_.UniqueName(graph_.value(result).name + ".lifted");
    rectifier.inputs[0] = x;
    rectifier.outputs[0] = graph_.AddValue({name, graph_.value(x).type, nullptr});
    shuffle.inputs[0] = rectifier.outputs[0];
    shuffle.outputs[0] = result;
    graph_.nodes()[i] = std::move(rectifier);
    graph_.nodes()[at] = std::move(shuffle);
    ++changes_;
  }

  static bool IsCrd(const Node& node) {
    const auto attributes = BlockAttributes::Read(node);
    return attributes.ok() && attributes->channels_first;
  }

  // A slope for each channel as one for each of the `pixels` channels that it is made of.
  static Tensor Spread(const Tensor& slope, int64_t pixels, bool crd) {
    const auto values = slope.data<float>();
    std::vector<float> spread(values.size() * static_cast<size_t>(pixels));
    for (size_t i = 0; i < spread.size(); ++i) {
      spread[i] = values[crd ? i / static_cast<size_t>(pixels) : i % values.size()];
    }
    return Tensor::From<float>(Shape{static_cast<int64_t>(spread.size()), 1, 1}, spread);
  }

  Graph& graph_;
  Uses uses_;
  int64_t room_ = kMaxAddedBytes;
  int changes_ = 0;
};

}  // namespace

absl::StatusOr<int> ArrangeDepthToSpace(Graph& graph, const PassContext& /*context*/) {
  return Arranger(graph).Run();
}

}  // namespace rectifier
