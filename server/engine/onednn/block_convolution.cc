#include "server/engine/onednn/block_convolution.h"

#include <utility>

namespace rectifier::onednn {
namespace {

// Weights [M, C, kernel…] as [neighbours · M, C, wider kernel…] row-major.
std::vector<float> Join(const Tensor& weights, int64_t neighbours, int64_t stride) {
  const Shape& shape = weights.shape();
  const int64_t width = shape[shape.rank() - 1];
  const int64_t wide = width + (neighbours - 1) * stride;
  const int64_t rows = weights.ElementCount() / width;  // of all channels
  std::vector<float> joined(static_cast<size_t>(neighbours * rows * wide), 0.0F);
  const auto data = weights.data<float>();
  for (int64_t j = 0; j < neighbours; ++j) {
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t k = 0; k < width; ++k) {
        joined[static_cast<size_t>((j * rows + row) * wide + j * stride + k)] =
            data[static_cast<size_t>(row * width + k)];
      }
    }
  }
  return joined;
}

}  // namespace

double LaneEfficiency(int64_t lanes, int64_t neighbours, int64_t channels, int64_t kernel,
                      int64_t stride) {
  const int64_t used = neighbours * channels;
  const int64_t computed = (used + lanes - 1) / lanes * lanes;
  const double of_lanes = static_cast<double>(used) / static_cast<double>(computed);
  return of_lanes * static_cast<double>(kernel) /
         static_cast<double>(kernel + (neighbours - 1) * stride);
}

int64_t NeighboursToJoin(const ConvAttributes& attributes, const Window& window, const Shape& w,
                         int64_t lanes) {
  const int64_t kernel = window.kernel.back();
  const int64_t stride = window.strides.back();
  constexpr int64_t kMostWeights = int64_t{1} << 16;  // that become up to a hundred times as many
  if (attributes.group != 1 || window.dilations.back() != 1) return 1;
  if (w.ElementCount() > kMostWeights) return 1;
  constexpr int64_t kMost = 16;
  constexpr double kWorthwhile = 1.5;
  int64_t best = 1;
  double most = kWorthwhile * LaneEfficiency(lanes, 1, w[0], kernel, stride);
  for (int64_t neighbours = 2; neighbours <= kMost; ++neighbours) {
    const double efficiency = LaneEfficiency(lanes, neighbours, w[0], kernel, stride);
    if (window.output.back() % neighbours == 0 && efficiency > most) {
      most = efficiency;
      best = neighbours;
    }
  }
  return best;
}

void JoinNeighbours(const Node& node, ProgramBuilder& builder, int64_t neighbours,
                    Convolution& convolution) {
  const ValueId id = node.inputs[1];
  const auto& tensor = builder.graph().value(id).constant;
  const int64_t channels = tensor->shape()[0];
  const int64_t stride = convolution.strides.back();
  Dims y = convolution.y.desc.get_dims();
  y[1] *= neighbours;
  y.back() /= neighbours;
  convolution.y.desc = ChannelsLast(y);
  Dims w = DimsOf(tensor->shape());
  w[0] *= neighbours;
  w.back() += (neighbours - 1) * stride;
  convolution.weights = {id, w, fmt::format("neighbours {} {}", neighbours, stride),
                         [&builder, tensor, w, neighbours, stride](const Desc& wanted) {
                           PackedWeight plain =
                               PackFloats(RowMajor(w), Join(*tensor, neighbours, stride));
                           return builder.weights().Reorder(std::move(plain), wanted);
                         }};
  if (convolution.bias) {
    convolution.bias = RepeatedChannels(builder, node.inputs[2], channels, neighbours);
  }
  convolution.strides.back() *= neighbours;
}

}  // namespace rectifier::onednn
