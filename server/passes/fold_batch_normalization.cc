#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/core/status.h"
#include "server/graph/uses.h"
#include "server/ops/batch_normalization.h"
#include "server/ops/conv_transpose.h"
#include "server/passes/passes.h"
#include "server/passes/rewrite.h"

namespace rectifier {

namespace {

// BatchNormalization as y = factor · x + offset, per channel.
struct Affine {
  std::vector<double> factor;
  std::vector<double> offset;
};

std::optional<Affine> ReadAffine(const Graph& graph, const Node& node) {
  const auto attributes = BatchNormalizationAttributes::Read(node);
  if (!attributes.ok()) return std::nullopt;
  for (size_t i = 1; i < 5; ++i) {
    if (graph.constant(node.inputs[i]) == nullptr) return std::nullopt;
  }
  const auto scale = graph.constant(node.inputs[1])->data<float>();
  const auto bias = graph.constant(node.inputs[2])->data<float>();
  const auto mean = graph.constant(node.inputs[3])->data<float>();
  const auto variance = graph.constant(node.inputs[4])->data<float>();
  Affine affine;
  for (size_t i = 0; i < scale.size(); ++i) {
    const double factor =
        scale[i] / std::sqrt(static_cast<double>(variance[i]) + attributes->epsilon);
    affine.factor.push_back(factor);
    affine.offset.push_back(bias[i] - factor * mean[i]);
  }
  return affine;
}

// The weights with every output channel multiplied by its factor.
Tensor ScaleConv(const Tensor& weights, const std::vector<double>& factor) {
  Tensor scaled = Tensor::From(weights.shape(), weights.data<float>());
  const auto data = scaled.data<float>();
  const size_t per_channel = data.size() / factor.size();
  for (size_t channel = 0; channel < factor.size(); ++channel) {
    for (float& weight : data.subspan(channel * per_channel, per_channel)) {
      weight = static_cast<float>(weight * factor[channel]);
    }
  }
  return scaled;
}

// The same for [C, M/group, kernel…]: input channel c belongs to group c · group / C.
Tensor ScaleConvTranspose(const Tensor& weights, const std::vector<double>& factor, int64_t group) {
  Tensor scaled = Tensor::From(weights.shape(), weights.data<float>());
  const auto data = scaled.data<float>();
  const int64_t inputs = weights.shape()[0];
  const int64_t outputs = weights.shape()[1];  // of one group
  const int64_t kernel = weights.ElementCount() / (inputs * outputs);
  for (int64_t c = 0; c < inputs; ++c) {
    for (int64_t m = 0; m < outputs; ++m) {
      const int64_t channel = c * group / inputs * outputs + m;
      for (int64_t k = 0; k < kernel; ++k) {
        float& weight = data[static_cast<size_t>((c * outputs + m) * kernel + k)];
        weight = static_cast<float>(weight * factor[static_cast<size_t>(channel)]);
      }
    }
  }
  return scaled;
}

// Changes the convolution so that its result is what the normalization gave; false when it cannot,
// or when a copy of weights that others read too is larger than `room`, which it is taken from.
bool Absorb(Graph& graph, const Uses& uses, Node& conv, const Affine& affine, int64_t& room) {
  const Tensor* weights = graph.constant(conv.inputs[1]);
  const ValueId bias_id = conv.inputs.size() > 2 ? conv.inputs[2] : kNoValue;
  const Tensor* bias = graph.constant(bias_id);
  if (weights == nullptr || (bias_id != kNoValue && bias == nullptr)) return false;
  if (affine.factor.empty()) return false;
  if (!uses.HasSingleReader(conv.inputs[1])) {
    const auto bytes = static_cast<int64_t>(weights->bytes().size());
    if (bytes > room) return false;
    room -= bytes;
  }
  Tensor scaled;
  if (conv.op == "Conv") {
    scaled = ScaleConv(*weights, affine.factor);
  } else {
    const auto attributes = ConvTransposeAttributes::Read(conv);
    if (!attributes.ok()) return false;
    scaled = ScaleConvTranspose(*weights, affine.factor, attributes->group);
  }
  std::vector<float> folded(affine.offset.size());
  for (size_t i = 0; i < folded.size(); ++i) {
    const double old = bias == nullptr ? 0.0 : bias->data<float>()[i];
    folded[i] = static_cast<float>(old * affine.factor[i] + affine.offset[i]);
  }
  const std::string base = graph.value(conv.inputs[1]).name;
  conv.inputs[1] = graph.AddConstant(graph.UniqueName(base + ".normalized"), std::move(scaled));
  conv.inputs.resize(3);
  conv.inputs[2] =
      graph.AddConstant(graph.UniqueName(base + ".bias"),
                        Tensor::From<float>(Shape{static_cast<int64_t>(folded.size())}, folded));
  return true;
}

}  // namespace

absl::StatusOr<int> FoldBatchNormalization(Graph& graph, const PassContext& /*context*/) {
  const Uses uses(graph);
  int64_t room = kMaxAddedBytes;
  std::vector<bool> dead(graph.nodes().size(), false);
  for (size_t i = 0; i < graph.nodes().size(); ++i) {
    const Node& node = graph.nodes()[i];
    if (node.op != "BatchNormalization" || !node.post_ops.empty()) continue;
    const ValueId x = node.inputs[0];
    const int producer = uses.producer(x);
    if (producer < 0 || !uses.HasSingleReader(x)) continue;
    Node& conv = graph.nodes()[static_cast<size_t>(producer)];
    if ((conv.op != "Conv" && conv.op != "ConvTranspose") || !conv.post_ops.empty()) continue;
    const auto affine = ReadAffine(graph, node);
    if (!affine || !Absorb(graph, uses, conv, *affine, room)) continue;
    conv.outputs[0] = node.outputs[0];
    dead[i] = true;
  }
  return EraseNodes(graph, dead);
}

}  // namespace rectifier
