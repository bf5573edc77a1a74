#include "server/engine/onednn/phase_convolution.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "server/core/check.h"
#include "server/engine/kernels/convolve_tile.h"
#include "server/engine/kernels/phases.h"
#include "server/engine/onednn/direct_convolution.h"
#include "server/engine/onednn/emit_convolution.h"

namespace rectifier::onednn {
namespace {

int64_t Product(const std::vector<int64_t>& values) {
  return std::accumulate(values.begin(), values.end(), int64_t{1}, std::multiplies<>());
}

int64_t RoundUp(int64_t a, int64_t multiple) { return (a + multiple - 1) / multiple * multiple; }

// A convolution that computes some phases: along each dimension `count` of them, from `phase` on.
// It has the taps of the first, which has the most; where the stride is above the kernel, a phase
// that sees nothing has one of zero.
struct Part {
  Dims phase;
  Dims count;
  Dims taps;
  Dims shift;         // what is at position 0 of z is that of the formula at `shift`
  int64_t place = 0;  // among the phases of z

  int64_t Padding(size_t i) const { return taps[i] - 1 - shift[i]; }
};

// How z is computed: [samples, phases · M, positions…], of which the first `crop` numbers of each
// dimension of y are left out when the phases of a position have been laid side by side.
struct Plan {
  std::vector<Part> parts;
  Dims positions;
  Dims crop;
};

int64_t TapsOf(const Window& window, int64_t phase, size_t i) {
  return std::max<int64_t>(1,
                           (window.kernel[i] - phase + window.strides[i] - 1) / window.strides[i]);
}

// All of them at once.
Plan Together(const Window& window) {
  Plan plan;
  Part all;
  for (size_t i = 0; i < window.strides.size(); ++i) {
    const int64_t stride = window.strides[i];
    all.phase.push_back(0);
    all.count.push_back(stride);
    all.taps.push_back(TapsOf(window, 0, i));
    all.shift.push_back(window.pads_begin[i] / stride);
    plan.crop.push_back(window.pads_begin[i] % stride);
    plan.positions.push_back((window.output[i] + plan.crop[i] + stride - 1) / stride);
  }
  plan.parts.push_back(std::move(all));
  return plan;
}

// One after the other, in the order in which they come in y.
Plan Apart(const Window& window) {
  Plan plan;
  for (size_t i = 0; i < window.strides.size(); ++i) {
    const int64_t stride = window.strides[i];
    plan.crop.push_back(0);
    plan.positions.push_back((window.output[i] + stride - 1) / stride);
  }
  for (int64_t place = 0; place < Product(window.strides); ++place) {
    Part part;
    part.place = place;
    int64_t rest = place;
    for (size_t i = window.strides.size(); i-- > 0; rest /= window.strides[i]) {
      const int64_t at = rest % window.strides[i] + window.pads_begin[i];
      const int64_t phase = at % window.strides[i];
      part.phase.insert(part.phase.begin(), phase);
      part.count.insert(part.count.begin(), 1);
      part.taps.insert(part.taps.begin(), TapsOf(window, phase, i));
      part.shift.insert(part.shift.begin(), at / window.strides[i]);
    }
    plan.parts.push_back(std::move(part));
  }
  return plan;
}

// As doubles: a file may ask for any stride.
double Size(const Dims& dims) {
  return std::accumulate(dims.begin(), dims.end(), 1.0, std::multiplies<>());
}

// Multiplications for each input channel, with those of lanes that stay idle.
double CostOf(const Plan& plan, int64_t channels) {
  double cost = 0;
  for (const Part& part : plan.parts) {
    const int64_t lanes = RoundUp(Product(part.count) * channels, kernels::kNarrowChannels);
    cost += static_cast<double>(lanes) * Size(part.taps);
  }
  return cost * Size(plan.positions);
}

// Whether the weights and z are no more than a few times what there is anyway: phases without a
// tap, and positions of which only some phases are wanted, are nothing but zeros.
bool IsBounded(const Plan& plan, const Window& window, const Shape& x, int64_t channels) {
  constexpr double kMostWeights = 16;
  constexpr double kMostNumbers = 4;
  double weights = 0;  // for each pair of channels
  for (const Part& part : plan.parts) weights += Size(part.count) * Size(part.taps);
  const auto of_position = static_cast<double>(channels);
  const double z = Size(window.strides) * of_position * Size(plan.positions);
  const double y = of_position * Size(window.output);
  const double of_x = static_cast<double>(x.ElementCount()) / static_cast<double>(x[0]);
  return weights <= kMostWeights * Size(window.kernel) && z <= kMostNumbers * (of_x + y);
}

// Weights [C, M, kernel…] as those of the convolution, [phases · M, C, taps…] row-major: tap
// taps − 1 − t of phase r is tap r + s · t, and 0 beyond the kernel.
std::vector<float> WeightsByPhase(const Tensor& weights, const Window& window, const Part& part) {
  const size_t dims = window.kernel.size();
  const int64_t inputs = weights.shape()[0];
  const int64_t outputs = weights.shape()[1];
  const int64_t taps = Product(part.taps);
  const int64_t kernel = Product(window.kernel);
  std::vector<float> by_phase(static_cast<size_t>(Product(part.count) * outputs * inputs * taps),
                              0.0F);
  const auto data = weights.data<float>();
  std::vector<int64_t> at(dims, 0);
  for (int64_t k = 0; k < kernel; ++k) {
    int64_t phase = 0;
    int64_t tap = 0;
    bool wanted = true;
    for (size_t i = 0; i < dims; ++i) {
      const int64_t of_part = at[i] % window.strides[i] - part.phase[i];
      wanted = wanted && of_part >= 0 && of_part < part.count[i];
      phase = phase * part.count[i] + of_part;
      tap = tap * part.taps[i] + part.taps[i] - 1 - at[i] / window.strides[i];
    }
    for (int64_t c = 0; wanted && c < inputs; ++c) {
      for (int64_t m = 0; m < outputs; ++m) {
        by_phase[static_cast<size_t>(((phase * outputs + m) * inputs + c) * taps + tap)] =
            data[static_cast<size_t>((c * outputs + m) * kernel + k)];
      }
    }
    for (size_t i = dims; i-- > 0 && ++at[i] == window.kernel[i];) at[i] = 0;
  }
  return by_phase;
}

WeightSource PhaseWeights(ProgramBuilder& builder, ValueId id, const Window& window,
                          const Part& part) {
  const auto& tensor = builder.graph().value(id).constant;
  Dims dims = {Product(part.count) * tensor->shape()[1], tensor->shape()[0]};
  dims.insert(dims.end(), part.taps.begin(), part.taps.end());
  std::string form = "phases";
  for (size_t i = 0; i < window.kernel.size(); ++i) {
    form += fmt::format(" {}+{}/{}", part.phase[i], part.count[i], window.strides[i]);
  }
  return {id, dims, std::move(form), [&builder, tensor, dims, window, part](const Desc& wanted) {
            const std::vector<float> by_phase = WeightsByPhase(*tensor, window, part);
            PackedWeight plain = PackFloats(RowMajor(dims), by_phase);
            return builder.weights().Reorder(std::move(plain), wanted);
          }};
}

kernels::PhaseGather GatherOf(const Window& window, const Plan& plan, const Shape& y) {
  const size_t last = window.strides.size() - 1;
  kernels::PhaseGather gather;
  gather.samples = y[0];
  gather.columns = plan.positions[last];
  gather.stride_w = window.strides[last];
  gather.crop_w = plan.crop[last];
  gather.width = window.output[last];
  gather.channels = y[1];
  gather.rows = last == 0 ? 1 : plan.positions[0];
  gather.height = last == 0 ? 1 : window.output[0];
  if (last > 0) {
    gather.stride_h = window.strides[0];
    gather.crop_h = plan.crop[0];
  }
  return gather;
}

// Whether the engine's own loop computes the phases, whatever they are: it takes padding of all
// kinds and a y with gaps.
bool IsDirect(const Node& node, const Window& window, const Shape& x) {
  constexpr size_t kMostRectifiers = 1;
  int64_t taps = 1;
  for (size_t i = 0; i < window.kernel.size(); ++i) taps *= TapsOf(window, 0, i);
  return RunsDirectConvolutions() && node.post_ops.size() <= kMostRectifiers &&
         x[1] <= kernels::Convolution::kMostChannels && taps <= kernels::Convolution::kMostTaps;
}

// Together, phases with fewer taps multiply with zeros, and there may be positions of which only
// some are wanted; apart, those of few channels leave lanes idle, and x is read as many times.
// nullopt where either is too large.
std::optional<Plan> MakePlan(const Node& node, const Window& window, const Shape& x,
                             int64_t channels) {
  constexpr double kMostApart = 64;
  constexpr double kGain = 0.95;
  std::optional<Plan> together = Together(window);
  if (!IsBounded(*together, window, x, channels)) together.reset();
  const double phases = Size(window.strides);
  if (phases == 1 || phases > kMostApart || !IsDirect(node, window, x)) return together;
  Plan apart = Apart(window);
  if (!IsBounded(apart, window, x, channels)) return together;
  if (together && CostOf(apart, channels) >= kGain * CostOf(*together, channels)) return together;
  return apart;
}

// Computes a part of z.
void EmitPart(const Node& node, ProgramBuilder& builder, const Window& window, const Part& part,
              const Operand& z) {
  const Shape& x_shape = builder.shape(node.inputs[0]);
  const int64_t channels = builder.shape(node.outputs[0])[1];
  const int64_t repeats = Product(part.count);
  Dims dims = z.desc.get_dims();
  Dims offsets(dims.size(), 0);
  dims[1] = repeats * channels;
  offsets[1] = part.place * channels;
  Dims pads_begin;
  Dims pads_end;
  for (size_t i = 0; i < part.taps.size(); ++i) {
    pads_begin.push_back(part.Padding(i));
    pads_end.push_back(dims[i + 2] - 1 + part.taps[i] - SpatialDims(x_shape)[i] - part.Padding(i));
  }
  std::optional<Operand> bias;
  if (HasBias(node)) bias = RepeatedChannels(builder, node.inputs[2], channels, repeats);
  const Convolution convolution{builder.Get(node.inputs[0], ChannelsLast(x_shape)),
                                {z.buffer, z.desc.submemory_desc(dims, offsets)},
                                PhaseWeights(builder, node.inputs[1], window, part),
                                bias,
                                Dims(pads_begin.size(), 1),
                                Dims(pads_begin.size(), 0),
                                pads_begin,
                                pads_end};
  const PostOpResult result{.repeats = repeats};
  const std::string how = repeats > 1 ? "phases" : fmt::format("phase {}", part.place);
  if (IsDirect(node, window, x_shape)) {
    // Nothing is added to a ConvTranspose, so that the result is in z.
    const Operand y = EmitDirectConvolution(node, builder, convolution, result, how);
    RECTIFIER_CHECK(y.buffer == z.buffer);
    return;
  }
  const PostOps post_ops = FusedPostOps(node, builder, result);
  EmitConvolution<dnnl::convolution_forward>(builder, node.op, dnnl::algorithm::convolution_direct,
                                             convolution, post_ops, how + post_ops.detail);
}

}  // namespace

bool PrefersPhaseConvolution(const Node& node, const ConvTransposeAttributes& attributes,
                             const Window& window, const Shape& x, const Shape& w) {
  const size_t dims = window.kernel.size();
  const auto is_dilated = [](int64_t dilation) { return dilation != 1; };
  if (attributes.group != 1 || dims > 2 ||
      std::any_of(window.dilations.begin(), window.dilations.end(), is_dilated)) {
    return false;
  }
  const std::optional<Plan> plan = MakePlan(node, window, x, w[1]);
  if (!plan || IsDirect(node, window, x)) return plan.has_value();
  bool strided = false;
  bool even = true;  // every phase has the same number of taps
  for (size_t i = 0; i < dims; ++i) {
    // Padding that is negative, phases without a tap, and windows that see nothing of the input,
    // on which oneDNN 3.7 crashes.
    if (window.pads_begin[i] >= window.kernel[i] || window.strides[i] > window.kernel[i] ||
        plan->positions[i] > SpatialDims(x)[i] + plan->parts[0].Padding(i)) {
      return false;
    }
    strided = strided || window.strides[i] > 1;
    even = even && window.kernel[i] % window.strides[i] == 0;
  }
  // With few channels oneDNN's own way is so slow that products with zeros do not matter.
  constexpr int64_t kFewChannels = 8;
  return strided && (even || w[1] <= kFewChannels);
}

Operand EmitPhaseConvolution(const Node& node, ProgramBuilder& builder, const Window& window) {
  const Shape& y_shape = builder.shape(node.outputs[0]);
  const int64_t phases = Product(window.strides);
  const std::optional<Plan> plan =
      MakePlan(node, window, builder.shape(node.inputs[0]), y_shape[1]);
  RECTIFIER_CHECK(plan.has_value());
  Dims z_dims = {y_shape[0], phases * y_shape[1]};
  z_dims.insert(z_dims.end(), plan->positions.begin(), plan->positions.end());
  Operand z = builder.Allocate(ChannelsLast(z_dims));
  for (const Part& part : plan->parts) EmitPart(node, builder, window, part, z);
  if (phases == 1) return z;
  Operand y = builder.Allocate(ChannelsLast(y_shape));
  const kernels::PhaseGather gather = GatherOf(window, *plan, y_shape);
  builder.AddKernel(node.op, "phases", {y, z}, [gather](std::span<std::byte* const> memory) {
    kernels::GatherPhases(gather, reinterpret_cast<float*>(memory[0]),
                          reinterpret_cast<const float*>(memory[1]));
  });
  return y;
}

}  // namespace rectifier::onednn
