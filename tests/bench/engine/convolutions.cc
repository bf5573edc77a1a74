// The engine's own loop for convolutions beside oneDNN's primitive for the same, layer by layer, in
// turns on one thread: both channels-last, with bias and a slope, each in its own packed weights.
// Prints both medians in ms, their ratio (above 1 the loop is faster), the share of what the core
// does in fused multiply-adds on registers meanwhile (as long as it has no AVX-512), and the ms
// that oneDNN needs to make the primitive. Exit code 1 when the results differ.

#include <fmt/format.h>
#include <immintrin.h>
#include <omp.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <dnnl.hpp>
#include <iostream>
#include <random>
#include <vector>

#include "server/core/tensor.h"
#include "server/engine/kernels/convolve.h"
#include "server/engine/onednn/onednn_compiler.h"

namespace rectifier {
namespace {

using Clock = std::chrono::steady_clock;
using Dims = dnnl::memory::dims;

constexpr float kSlope = 0.1F;

struct Layer {
  const char* network;
  int64_t in_channels;
  int64_t out_channels;
  std::array<int64_t, 2> input;
  std::array<int64_t, 2> kernel;
  int64_t stride = 1;
  int64_t batch = 1;
};

// Of the networks of suite.py.
constexpr Layer kLayers[] = {
    {"tiny YOLOv2", 3, 16, {416, 416}, {3, 3}},
    {"ESPCN", 1, 64, {96, 96}, {5, 5}},
    {"ArcFace", 3, 64, {112, 112}, {3, 3}},
    {"DCGAN", 3, 64, {64, 64}, {4, 4}, 2},
    {"digits", 1, 16, {8, 8}, {3, 3}, 1, 8},
    {"tiny YOLOv2", 16, 32, {208, 208}, {3, 3}},
    {"tiny YOLOv2", 32, 64, {104, 104}, {3, 3}},
    {"tiny YOLOv2", 64, 128, {52, 52}, {3, 3}},
    {"tiny YOLOv2", 128, 256, {26, 26}, {3, 3}},
    {"tiny YOLOv2", 256, 512, {13, 13}, {3, 3}},
    {"tiny YOLOv2", 512, 1024, {13, 13}, {3, 3}},
    {"tiny YOLOv2", 1024, 1024, {13, 13}, {3, 3}},
    {"tiny YOLOv2", 1024, 125, {13, 13}, {1, 1}},
    {"tiny YOLOv2", 64, 128, {52, 52}, {3, 3}, 1, 8},
    {"tiny YOLOv2", 512, 1024, {13, 13}, {3, 3}, 1, 8},
    {"ArcFace", 64, 64, {112, 112}, {3, 3}},
    {"ArcFace", 128, 256, {28, 28}, {3, 3}, 2},
    {"ArcFace", 512, 512, {7, 7}, {3, 3}},
    {"MobileFaceNet", 128, 64, {28, 28}, {1, 1}},
    {"SRResNet", 64, 64, {48, 48}, {3, 3}},
    {"FSRCNN", 56, 12, {96, 96}, {1, 1}},
    {"DCGAN", 64, 128, {32, 32}, {4, 4}, 2},
    {"HiFi-GAN", 32, 32, {1, 4096}, {1, 7}},
    {"HiFi-GAN", 16, 16, {1, 8192}, {1, 3}},
    {"Conv-TasNet", 128, 512, {1, 499}, {1, 1}},
    {"wake word", 64, 64, {1, 25}, {1, 3}, 1, 32},
};

kernels::Convolution ShapeOf(const Layer& layer) {
  kernels::Convolution shape;
  shape.samples = layer.batch;
  shape.in_channels = layer.in_channels;
  shape.out_channels = shape.y_step = layer.out_channels;
  shape.input = layer.input;
  shape.kernel = layer.kernel;
  shape.strides = {layer.stride, layer.stride};
  shape.dilations = {1, 1};
  for (size_t i = 0; i < 2; ++i) {
    shape.pads_begin[i] = (layer.kernel[i] - 1) / 2;
    shape.output[i] =
        (layer.input[i] + 2 * shape.pads_begin[i] - layer.kernel[i]) / layer.stride + 1;
  }
  return shape;
}

// Of numbers between -1 and 1, aligned as the engine's are.
AlignedBuffer RandomFloats(int64_t count) {
  AlignedBuffer buffer(static_cast<size_t>(count) * sizeof(float));
  std::mt19937 random(1);
  std::uniform_real_distribution<float> distribution(-1, 1);
  std::generate_n(reinterpret_cast<float*>(buffer.data()), count,
                  [&] { return distribution(random); });
  return buffer;
}

float* Floats(const AlignedBuffer& buffer) { return reinterpret_cast<float*>(buffer.data()); }

double Milliseconds(Clock::time_point since) {
  return std::chrono::duration<double, std::milli>(Clock::now() - since).count();
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

constexpr int64_t kProbeMultiplications = 12 * 8 * 20'000;

// So many fused multiply-adds on registers.
void Probe() {
  __m256 sums[12];
  for (__m256& sum : sums) sum = _mm256_set1_ps(1);
  const __m256 factor = _mm256_set1_ps(0.999999F);
  for (int i = 0; i < 20'000; ++i) {
#pragma GCC unroll 12
    for (__m256& sum : sums) sum = _mm256_fmadd_ps(sum, factor, factor);
  }
  volatile float sink = 0;
  for (const __m256& sum : sums) sink = sink + _mm256_cvtss_f32(sum);
}

// oneDNN's primitive for a layer, and what it reads and writes.
class Primitive {
 public:
  Primitive(const kernels::Convolution& shape, float* x, float* filters, float* bias, float* y)
      : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {
    using Tag = dnnl::memory::format_tag;
    constexpr auto kFloat = dnnl::memory::data_type::f32;
    const Dims weights = {shape.out_channels, shape.in_channels, shape.kernel[0], shape.kernel[1]};
    const dnnl::memory::desc x_desc(
        {shape.samples, shape.in_channels, shape.input[0], shape.input[1]}, kFloat, Tag::nhwc);
    const dnnl::memory::desc y_desc(
        {shape.samples, shape.out_channels, shape.output[0], shape.output[1]}, kFloat, Tag::nhwc);
    const dnnl::memory::desc bias_desc({shape.out_channels}, kFloat, Tag::a);
    dnnl::post_ops post_ops;
    post_ops.append_eltwise(dnnl::algorithm::eltwise_relu, kSlope, 0);
    dnnl::primitive_attr attributes;
    attributes.set_post_ops(post_ops);
    const Dims pads(shape.pads_begin.begin(), shape.pads_begin.end());
    Dims pads_end;
    for (size_t i = 0; i < 2; ++i) {
      pads_end.push_back((shape.output[i] - 1) * shape.strides[i] + shape.kernel[i] -
                         shape.input[i] - pads[i]);
    }
    const Clock::time_point start = Clock::now();
    const dnnl::convolution_forward::primitive_desc pd(
        engine_, dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct, x_desc,
        dnnl::memory::desc(weights, kFloat, Tag::any), bias_desc, y_desc,
        Dims(shape.strides.begin(), shape.strides.end()), {0, 0}, pads, pads_end, attributes);
    primitive_ = dnnl::convolution_forward(pd);
    making_ = Milliseconds(start);
    implementation_ = pd.impl_info_str();
    dnnl::memory plain({weights, kFloat, Tag::oihw}, engine_, filters);
    dnnl::memory packed(pd.weights_desc(), engine_);
    dnnl::reorder(plain, packed).execute(stream_, plain, packed);
    arguments_ = {{DNNL_ARG_SRC, dnnl::memory(x_desc, engine_, x)},
                  {DNNL_ARG_WEIGHTS, packed},
                  {DNNL_ARG_BIAS, dnnl::memory(bias_desc, engine_, bias)},
                  {DNNL_ARG_DST, dnnl::memory(y_desc, engine_, y)}};
  }

  void Run() {
    primitive_.execute(stream_, arguments_);
    stream_.wait();
  }
  double making() const { return making_; }
  const std::string& implementation() const { return implementation_; }

 private:
  dnnl::engine engine_;
  dnnl::stream stream_;
  dnnl::convolution_forward primitive_;
  std::unordered_map<int, dnnl::memory> arguments_;
  double making_ = 0;
  std::string implementation_;
};

// Of `run`, so often that the clock does not matter.
template <typename Run>
double Time(const Run& run, int times) {
  const Clock::time_point start = Clock::now();
  for (int i = 0; i < times; ++i) run();
  return Milliseconds(start) / times;
}

// Prints a line; false when the results differ.
bool Measure(const Layer& layer, double seconds) {
  const kernels::Convolution shape = ShapeOf(layer);
  const int64_t depth = shape.in_channels * shape.kernel[0] * shape.kernel[1];
  const int64_t positions = shape.samples * shape.output[0] * shape.output[1];
  const int64_t y_size = positions * shape.out_channels;
  const AlignedBuffer x =
      RandomFloats(shape.samples * shape.in_channels * shape.input[0] * shape.input[1]);
  const AlignedBuffer filters = RandomFloats(depth * shape.out_channels);
  const AlignedBuffer bias = RandomFloats(shape.out_channels);
  const AlignedBuffer packed = RandomFloats(kernels::PackedFilterSize(shape));
  const AlignedBuffer ours = RandomFloats(y_size);
  const AlignedBuffer theirs = RandomFloats(y_size);
  kernels::PackFilters(shape, Floats(packed), Floats(filters));
  Primitive primitive(shape, Floats(x), Floats(filters), Floats(bias), Floats(theirs));
  const kernels::ConvolutionEnd end{Floats(bias), {nullptr, kSlope}, {}, {}};
  const auto loop = [&, cache_bytes = CacheBytes()] {
    kernels::Convolve(shape, Floats(ours), Floats(x), Floats(packed), end, cache_bytes);
  };
  const auto run_primitive = [&] { primitive.Run(); };
  loop();
  run_primitive();
  const int times = std::max(1, static_cast<int>(0.2 / Time(loop, 1)));
  std::vector<double> loop_ms;
  std::vector<double> primitive_ms;
  std::vector<double> probe_ms;
  constexpr size_t kLeastTurns = 5;
  const Clock::time_point start = Clock::now();
  while (Milliseconds(start) < seconds * 1e3 || loop_ms.size() < kLeastTurns) {
    loop_ms.push_back(Time(loop, times));
    primitive_ms.push_back(Time(run_primitive, times));
    probe_ms.push_back(Time(Probe, 1));
  }
  const auto multiplications = static_cast<double>(y_size * depth);
  const double at_peak =
      multiplications / static_cast<double>(kProbeMultiplications) * Median(probe_ms);
  std::cout << fmt::format("{:14} {:2} x {:>4} to {:>4}, {}x{} on {}x{}{}", layer.network,
                           layer.batch, layer.in_channels, layer.out_channels, layer.kernel[0],
                           layer.kernel[1], layer.input[0], layer.input[1],
                           layer.stride == 1 ? "" : " by 2")
            << fmt::format("{:>10.4f} {:>10.4f} {:>6.2f} {:>6.2f} {:>6.2f} {:>6.2f}  {}\n",
                           Median(loop_ms), Median(primitive_ms),
                           Median(primitive_ms) / Median(loop_ms), at_peak / Median(loop_ms),
                           at_peak / Median(primitive_ms), primitive.making(),
                           primitive.implementation());
  const float tolerance = 1e-5F + 1e-6F * static_cast<float>(depth);
  for (int64_t i = 0; i < y_size; ++i) {
    if (!(std::abs(Floats(ours)[i] - Floats(theirs)[i]) <= tolerance)) return false;
  }
  return true;
}

}  // namespace
}  // namespace rectifier

int main(int argc, char** argv) {
  double seconds = 0.5;
  CLI::App app("Measures the engine's own convolutions beside oneDNN's");
  app.add_option("--seconds", seconds, "for each layer");
  CLI11_PARSE(app, argc, argv);
  omp_set_num_threads(1);
  std::cout << "oneDNN " << rectifier::OneDnnVersion() << ", " << rectifier::OneDnnIsa() << "\n"
            << "batch x channels, kernel on image; ms of the loop and of the primitive, ratio, "
               "shares of the peak, ms to make the primitive\n";
  bool agree = true;
  for (const rectifier::Layer& layer : rectifier::kLayers) {
    agree = rectifier::Measure(layer, seconds) && agree;
  }
  if (!agree) std::cout << "the results differ\n";
  return agree ? 0 : 1;
}
