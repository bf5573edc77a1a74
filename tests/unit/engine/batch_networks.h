#pragma once

#include <cstdint>
#include <ostream>

namespace rectifier {

// A network in which every sample is computed by itself.
struct Network {
  const char* name;
  const char* text;  // one input and one output, both with the batch as their first dimension
  // On two threads, too; without AVX-512, where a loop of the engine's own computes it; or not.
  enum class TwoThreads : std::uint8_t { kHolds, kHoldsInTheLoop, kDiffers };
  TwoThreads on_two_threads = TwoThreads::kHolds;
};

inline void PrintTo(const Network& network, std::ostream* stream) { *stream << network.name; }

// Of operators that are loops, and of those that copy.
inline constexpr Network kLoopNetworks[] = {
    {"AveragePoolThatCountsItsPaddingWithCeilMode", R"(
      input %x: f32[?, 19, 10, 10]
      %y = AveragePool(%x) {kernel_shape = [3, 3], strides = [2, 2], pads = [1, 1, 1, 1], ceil_mode = 1, count_include_pad = 1}
      output %y)"},
    {"LpPool", R"(
      input %x: f32[?, 19, 9, 9]
      %y = LpPool(%x) {kernel_shape = [3, 3], p = 3}
      output %y)"},
    {"LogSoftmaxOfChannels", R"(
      input %x: f32[?, 19, 5, 5]
      %y = LogSoftmax(%x) {axis = 1}
      output %y)"},
    {"PrimitivesOfSingleElements", R"(
      input %x: f32[?, 37]
      %a = Abs(%x)
      %b = Sqrt(%a)
      %c = Elu(%x)
      %d = HardSwish(%c)
      %e = Mish(%d)
      %f = Softplus(%e)
      %g = Gelu(%f) {approximate = "tanh"}
      %h = Log(%f)
      %y = Add(%g, %h)
      output %y)"},
    {"LoopsOverSingleElements", R"(
      input %x: f32[?, 3, 5, 7]
      const %half: f32[] = 0.5
      %a = Erf(%x)
      %b = Exp(%a)
      %c = Gelu(%b)
      %d = Sin(%c)
      %e = HardSigmoid(%d)
      %f = Pow(%e, %half)
      %g = Selu(%x)
      %h = Asinh(%g)
      %y = Add(%f, %h)
      output %y)"},
    {"LoopsThatBroadcast", R"(
      input %x: f32[?, 3, 5, 7]
      const %a: f32[3, 1, 1] = seed(1)
      const %b: f32[5, 1] = seed(2)
      %s = Sub(%a, %x)
      %d = Div(%s, %b)
      %m = Max(%d, %x)
      %n = Min(%m, %b)
      %c = Greater(%x, %n)
      %y = Where(%c, %x, %n)
      output %y)"},
    {"LoopsAfterAConvolution", R"(
      input %x: f32[?, 8, 9, 9]
      const %w: f32[16, 8, 3, 3] = seed(1)
      const %limit: f32[] = 6.0
      const %zero: f32[] = 0.0
      %c = Conv(%x, %w)
      %e = Exp(%c)
      %y = Clip(%e, %zero, %limit)
      output %y)"},
    {"Integers", R"(
      input %x: f32[?, 4, 6]
      const %scale: f32[] = 100.0
      const %seven: i32[] = 7
      %s = Mul(%x, %scale)
      %i = Cast(%s) {to = "i32"}
      %m = Mod(%i, %seven)
      %d = Div(%i, %seven)
      %p = Mul(%m, %d)
      %y = Cast(%p) {to = "f32"}
      output %y)"},
    {"ReduceSumOfPositions", R"(
      input %x: f32[?, 19, 13, 13]
      const %axes: i64[2] = [2, 3]
      %y = ReduceSum(%x, %axes)
      output %y)"},
    {"ReduceMeanOfChannelsAfterAConvolution", R"(
      input %x: f32[?, 8, 9, 9]
      const %w: f32[33, 8, 3, 3] = seed(1)
      const %axes: i64[1] = 1
      %c = Conv(%x, %w)
      %y = ReduceMean(%c, %axes) {keepdims = 0}
      output %y)"},
    {"ReduceMeanOfPositionsAfterAConvolution", R"(
      input %x: f32[?, 8, 9, 9]
      const %w: f32[33, 8, 3, 3] = seed(1)
      const %axes: i64[2] = [-1, -2]
      %c = Conv(%x, %w)
      %y = ReduceMean(%c, %axes)
      output %y)"},
    {"OtherReductions", R"(
      input %x: f32[?, 700]
      const %axes: i64[1] = 1
      %a = ReduceL1(%x, %axes)
      %b = ReduceL2(%x, %axes)
      %c = ReduceLogSumExp(%x, %axes)
      %d = ReduceMax(%x, %axes)
      %e = ReduceProd(%x, %axes)
      %f = ReduceSumSquare(%x, %axes)
      %y = Concat(%a, %b, %c, %d, %e, %f) {axis = 1}
      output %y)"},
    {"InstanceNormalization", R"(
      input %x: f32[?, 19, 7, 7]
      const %a: f32[19] = seed(1)
      %y = InstanceNormalization(%x, %a, %a)
      output %y)"},
    {"InstanceNormalizationAfterAConvolution", R"(
      input %x: f32[?, 8, 9, 9]
      const %w: f32[16, 8, 3, 3] = seed(1)
      const %a: f32[16] = seed(2)
      %c = Conv(%x, %w)
      %y = InstanceNormalization(%c, %a, %a)
      output %y)"},
    {"GroupNormalization", R"(
      input %x: f32[?, 20, 7, 7]
      const %a: f32[20] = seed(1)
      %y = GroupNormalization(%x, %a, %a) {num_groups = 4}
      output %y)"},
    {"LayerNormalization", R"(
      input %x: f32[?, 11, 96]
      const %a: f32[96] = seed(1)
      %y = LayerNormalization(%x, %a, %a)
      output %y)"},
    {"LocalResponseNormalization", R"(
      input %x: f32[?, 19, 7, 7]
      %y = LRN(%x) {size = 5, alpha = 0.5}
      output %y)"},
    {"ResizeLinear", R"(
      input %x: f32[?, 5, 7, 9]
      const %s: f32[4] = [1.0, 1.0, 2.0, 1.5]
      %y = Resize(%x, _, %s) {mode = "linear"}
      output %y)"},
    {"ResizeCubicAfterAConvolution", R"(
      input %x: f32[?, 8, 9, 9]
      const %w: f32[16, 8, 3, 3] = seed(1)
      const %s: i64[2] = [12, 5]
      %c = Conv(%x, %w)
      %y = Resize(%c, _, _, %s) {mode = "cubic", antialias = 1, axes = [2, 3]}
      output %y)"},
    {"ResizeNearest", R"(
      input %x: f32[?, 5, 7, 9]
      const %s: f32[4] = [1.0, 1.0, 2.0, 2.0]
      %y = Resize(%x, _, %s)
      output %y)"},
    {"DepthToSpaceAfterAConvolution", R"(
      input %x: f32[?, 8, 9, 9]
      const %w: f32[16, 8, 3, 3] = seed(1)
      %c = Conv(%x, %w)
      %d = DepthToSpace(%c) {blocksize = 2, mode = "CRD"}
      %y = SpaceToDepth(%d) {blocksize = 2}
      output %y)"},
    {"Movements", R"(
      input %x: f32[?, 6, 8]
      const %one: i64[1] = 1
      const %last: i64[1] = 7
      const %two: i64[1] = 2
      const %pads: i64[6] = [0, 2, 3, 0, 1, 0]
      const %rows: i64[3] = [5, 0, -2]
      const %repeats: i64[3] = [1, 1, 2]
      %s = Slice(%x, %one, %last, %two, %two)
      %p = Pad(%s, %pads) {mode = "reflect"}
      %g = Gather(%p, %rows) {axis = 1}
      %t = Tile(%g, %repeats)
      %a, %b = Split(%t) {axis = 2}
      %y = Mul(%a, %b)
      output %y)"},
    {"AShapeThatIsComputed", R"(
      input %x: f32[?, 6, 8]
      const %first: i64[1] = 0
      const %rest: i64[1] = -1
      %s = Shape(%x)
      %n = Gather(%s, %first)
      %l = Concat(%n, %rest) {axis = 0}
      %r = Reshape(%x, %l)
      %y = Softmax(%r)
      output %y)"},
};

}  // namespace rectifier
