#include "server/engine/onednn/phase_convolution.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "server/core/check.h"
#include "server/engine/kernels/phases.h"
#include "server/engine/onednn/direct_convolution.h"
#include "server/engine/onednn/emit_convolution.h"

namespace rectifier::onednn {
namespace {

int64_t Product(const std::vector<int64_t>& values) {
  return std::accumulate(values.begin(), values.end(), int64_t{1}, std::multiplies<>());
}

// The taps of each phase, along a dimension.
int64_t Taps(const Window& window, size_t i) {
  return (window.kernel[i] + window.strides[i] - 1) / window.strides[i];
}

// Weights [C, M, kernel…] as those of the convolution, [phases · M, C, taps…] row-major: tap
// taps − 1 − t of phase r is tap r + s · t, and 0 beyond the kernel.
std::vector<float> WeightsByPhase(const Tensor& weights, const Window& window) {
  const size_t dims = window.kernel.size();
  const int64_t inputs = weights.shape()[0];
  const int64_t outputs = weights.shape()[1];
  std::vector<int64_t> taps;
  for (size_t i = 0; i < dims; ++i) taps.push_back(Taps(window, i));
  const int64_t taps_of_all = Product(taps);
  const int64_t kernel = Product(window.kernel);
  std::vector<float> by_phase(
      static_cast<size_t>(Product(window.strides) * outputs * inputs * taps_of_all), 0.0F);
  const auto data = weights.data<float>();
  std::vector<int64_t> at(dims, 0);
  for (int64_t k = 0; k < kernel; ++k) {
    int64_t phase = 0;
    int64_t tap = 0;
    for (size_t i = 0; i < dims; ++i) {
      phase = phase * window.strides[i] + at[i] % window.strides[i];
      tap = tap * taps[i] + taps[i] - 1 - at[i] / window.strides[i];
    }
    for (int64_t c = 0; c < inputs; ++c) {
      for (int64_t m = 0; m < outputs; ++m) {
        by_phase[static_cast<size_t>(((phase * outputs + m) * inputs + c) * taps_of_all + tap)] =
            data[static_cast<size_t>((c * outputs + m) * kernel + k)];
      }
    }
    for (size_t i = dims; i-- > 0 && ++at[i] == window.kernel[i];) at[i] = 0;
  }
  return by_phase;
}

WeightSource PhaseWeights(ProgramBuilder& builder, ValueId id, const Window& window) {
  const auto& tensor = builder.graph().value(id).constant;
  Dims dims = {Product(window.strides) * tensor->shape()[1], tensor->shape()[0]};
  std::string form = "phases";
  for (size_t i = 0; i < window.kernel.size(); ++i) {
    dims.push_back(Taps(window, i));
    form += fmt::format(" {}", window.strides[i]);
  }
  return {id, dims, std::move(form), [&builder, tensor, dims, window](const Desc& wanted) {
            const std::vector<float> by_phase = WeightsByPhase(*tensor, window);
            PackedWeight plain = PackFloats(RowMajor(dims), by_phase);
            return builder.weights().Reorder(std::move(plain), wanted);
          }};
}

// What is left of the padding when whole strides of it are taken from the input's.
int64_t Crop(const Window& window, size_t i) { return window.pads_begin[i] % window.strides[i]; }

// The convolution's padding at the beginning, and the positions of its result.
int64_t Padding(const Window& window, size_t i) {
  return Taps(window, i) - 1 - window.pads_begin[i] / window.strides[i];
}
int64_t Positions(const Window& window, size_t i) {
  return (window.output[i] + Crop(window, i) + window.strides[i] - 1) / window.strides[i];
}

kernels::PhaseGather GatherOf(const Window& window, const Dims& z, int64_t channels) {
  const size_t last = window.strides.size() - 1;
  kernels::PhaseGather gather;
  gather.samples = z[0];
  gather.columns = z[last + 2];
  gather.stride_w = window.strides[last];
  gather.crop_w = Crop(window, last);
  gather.width = window.output[last];
  gather.channels = channels;
  gather.rows = last == 0 ? 1 : z[2];
  gather.height = last == 0 ? 1 : window.output[0];
  if (last > 0) {
    gather.stride_h = window.strides[0];
    gather.crop_h = Crop(window, 0);
  }
  return gather;
}

}  // namespace

bool PrefersPhaseConvolution(const ConvTransposeAttributes& attributes, const Window& window,
                             const Shape& x, const Shape& w) {
  // Where oneDNN's way is so slow that products with zeros do not matter.
  constexpr int64_t kFewChannels = 8;
  const size_t dims = window.kernel.size();
  if (attributes.group != 1 || dims > 2) return false;
  bool strided = false;
  bool even = true;  // every phase has the same number of taps
  for (size_t i = 0; i < dims; ++i) {
    // With more padding than the kernel spans, the convolution's own would be negative.
    if (window.dilations[i] != 1 || window.pads_begin[i] >= window.kernel[i]) return false;
    // Phases without a tap are nothing but zeros, and a file may ask for any number of them.
    if (window.strides[i] > window.kernel[i]) return false;
    // oneDNN 3.7 crashes on windows that see nothing of the input.
    if (Positions(window, i) > SpatialDims(x)[i] + Padding(window, i)) return false;
    strided = strided || window.strides[i] > 1;
    even = even && window.kernel[i] % window.strides[i] == 0;
  }
  return strided && (even || w[1] <= kFewChannels);
}

Operand EmitPhaseConvolution(const Node& node, ProgramBuilder& builder, const Window& window) {
  const Shape& x_shape = builder.shape(node.inputs[0]);
  const int64_t channels = builder.shape(node.inputs[1])[1];
  const int64_t phases = Product(window.strides);
  Dims z_dims = {x_shape[0], phases * channels};
  Dims pads_begin;
  Dims pads_end;
  for (size_t i = 0; i < window.kernel.size(); ++i) {
    pads_begin.push_back(Padding(window, i));
    z_dims.push_back(Positions(window, i));
    pads_end.push_back(z_dims.back() - 1 + Taps(window, i) - SpatialDims(x_shape)[i] -
                       Padding(window, i));
  }
  std::optional<Operand> bias;
  if (HasBias(node)) {
    bias = RepeatedChannels(builder, node.inputs[2], channels, phases);
  }
  const Convolution convolution{builder.Get(node.inputs[0], ChannelsLast(x_shape)),
                                builder.Allocate(ChannelsLast(z_dims)),
                                PhaseWeights(builder, node.inputs[1], window),
                                bias,
                                Dims(pads_begin.size(), 1),
                                Dims(pads_begin.size(), 0),
                                pads_begin,
                                pads_end};
  const PostOpResult result{.repeats = phases};
  if (PrefersDirectConvolution(node, convolution)) {
    // Nothing is added to a ConvTranspose, so that the result is in z.
    const Operand z = EmitDirectConvolution(node, builder, convolution, result, "phases");
    RECTIFIER_CHECK(z.buffer == convolution.y.buffer);
  } else {
    const PostOps post_ops = FusedPostOps(node, builder, result);
    EmitConvolution<dnnl::convolution_forward>(builder, node.op,
                                               dnnl::algorithm::convolution_direct, convolution,
                                               post_ops, "phases" + post_ops.detail);
  }
  Operand y = builder.Allocate(ChannelsLast(builder.shape(node.outputs[0])));
  const kernels::PhaseGather gather = GatherOf(window, z_dims, channels);
  builder.AddKernel(node.op, "phases", {y, convolution.y},
                    [gather](std::span<std::byte* const> memory) {
                      kernels::GatherPhases(gather, reinterpret_cast<float*>(memory[0]),
                                            reinterpret_cast<const float*>(memory[1]));
                    });
  return y;
}

}  // namespace rectifier::onednn
