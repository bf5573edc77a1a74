#include <algorithm>
#include <utility>

#include "server/core/status.h"
#include "server/engine/kernels/convolve_tile.h"
#include "server/engine/onednn/block_convolution.h"
#include "server/engine/onednn/depthwise.h"
#include "server/engine/onednn/direct_convolution.h"
#include "server/engine/onednn/emit.h"
#include "server/engine/onednn/emit_convolution.h"
#include "server/engine/onednn/inner_product.h"
#include "server/engine/onednn/layout.h"
#include "server/engine/onednn/lowering_table.h"
#include "server/engine/onednn/row_convolution.h"
#include "server/ops/conv.h"

namespace rectifier::onednn {
namespace {

// The kernel covers the whole input, so that every output is one inner product.
bool CoversInput(const ConvAttributes& attributes, const Window& window, const Shape& x) {
  const auto is = [](const std::vector<int64_t>& values, int64_t wanted) {
    return std::all_of(values.begin(), values.end(), [&](int64_t v) { return v == wanted; });
  };
  return attributes.group == 1 && is(window.pads_begin, 0) && is(window.pads_end, 0) &&
         is(window.dilations, 1) &&
         std::equal(window.kernel.begin(), window.kernel.end(), SpatialDims(x).begin());
}

// oneDNN's own choice for such a convolution differs with the batch size, and with it the bits of
// the results.
Operand EmitAsInnerProduct(const Node& node, ProgramBuilder& builder, std::optional<Operand> bias) {
  const Shape& y = builder.shape(node.outputs[0]);
  const WeightSource weights = ChannelsLastRows(
      builder, node.inputs[1], RowMajor(builder.shape(node.inputs[1])), "filter rows");
  const Operand x = builder.Get(node.inputs[0], ChannelsLast(builder.shape(node.inputs[0])));
  const InnerProduct product{x, y[0], weights.dims[1], y[1], weights, std::move(bias)};
  const Operand result =
      EmitInnerProduct(builder, node, product, PostOpResult{.desc = RowsDesc(y[0], y[1])});
  return {result.buffer, ChannelsLast(y)};
}

// Weights [M, C/group, kernel…] as oneDNN sees them: [group, M/group, C/group, kernel…].
Desc WeightsDesc(const Shape& w, int64_t group) {
  Dims dims = DimsOf(w);
  if (group > 1) {
    dims[0] /= group;
    dims.insert(dims.begin(), group);
  }
  return RowMajor(dims);
}

// Some window along dimension `i` has all its elements in the padding.
bool HasBlindWindow(const Window& window, const Dims& x, size_t i) {
  for (int64_t o = 0; o < window.output[i]; ++o) {
    const int64_t begin = o * window.strides[i] - window.pads_begin[i];
    bool sees = false;
    for (int64_t k = 0; k < window.kernel[i] && !sees; ++k) {
      const int64_t at = begin + k * window.dilations[i];
      sees = at >= 0 && at < x[i + 2];
    }
    if (!sees) return true;
  }
  return false;
}

// oneDNN 3.7 crashes on windows that see nothing of the input.
void WritePaddingOut(ProgramBuilder& builder, const Window& window, Convolution& c) {
  Dims begin(window.kernel.size(), 0);
  Dims end = begin;
  for (size_t i = 0; i < begin.size(); ++i) {
    if (!HasBlindWindow(window, c.x.desc.get_dims(), i)) continue;
    begin[i] = std::exchange(c.pads_begin[i], 0);
    end[i] = std::exchange(c.pads_end[i], 0);
  }
  const Dims zeros(begin.size(), 0);
  if (begin != zeros || end != zeros) c.x = EmitZeroPad(builder, c.x, begin, end);
}

// One result along the last dimension needs no stride, only what its window sees of the input.
// With the stride, oneDNN 3.7 on AVX-512 reads the wrong numbers of a single channel.
void DropLastStride(ProgramBuilder& builder, const Window& window, Convolution& c) {
  const size_t last = window.kernel.size() - 1;
  Dims dims = c.x.desc.get_dims();
  if (dims[1] > 1 || window.output[last] > 1 || c.strides[last] == 1) return;
  const int64_t seen = std::min(dims.back(), window.Extent(last) - c.pads_begin[last]);
  if (seen < dims.back()) {
    dims.back() = seen;
    const Operand cut = builder.Allocate(ChannelsLast(dims));
    builder.AddReorder({c.x.buffer, c.x.desc.submemory_desc(dims, Dims(dims.size(), 0))}, cut);
    c.x = cut;
  }
  c.strides[last] = 1;
  c.pads_end[last] = window.Extent(last) - c.pads_begin[last] - seen;
}

// For one spatial dimension oneDNN generates code in proportion to its length, megabytes and tens
// of milliseconds for each convolution of audio. A long row is cut into pieces of which one
// primitive computes all; padding that only the first and the last would have is written out.
void CutLongRows(ProgramBuilder& builder, Convolution& c) {
  const int64_t piece = builder.threads() > 1 ? 2048 : 512;  // which all threads share
  if (c.strides.size() != 1) return;
  Dims y = c.y.desc.get_dims();
  const int64_t width = y.back();
  if (width < 4 * piece) return;
  int64_t pieces = (width + piece - 1) / piece;
  while (width % pieces != 0 && width / pieces >= piece / 2) ++pieces;
  if (width % pieces != 0) return;
  if (c.pads_begin[0] != 0 || c.pads_end[0] != 0) {
    c.x = EmitZeroPad(builder, c.x, {c.pads_begin[0]}, {c.pads_end[0]});
    c.pads_begin = {0};
    c.pads_end = {0};
  }
  Dims x = c.x.desc.get_dims();
  const auto x_row = static_cast<int64_t>(c.x.desc.get_size()) / x[0];
  const auto y_row = static_cast<int64_t>(c.y.desc.get_size()) / y[0];
  const int64_t x_piece = x_row / x.back() * (width / pieces) * c.strides[0];
  c.pieces = {y[0], pieces, {x_row, x_piece}, {y_row, y_row / pieces}};
  const int64_t extent = (c.weights.dims.back() - 1) * (c.holes[0] + 1) + 1;
  x[0] = y[0] = 1;
  y.back() = width / pieces;
  x.back() = (y.back() - 1) * c.strides[0] + extent;
  c.x.desc = ChannelsLast(x);
  c.y.desc = ChannelsLast(y);
}

// Output channels that are computed together: a vector of oneDNN's, or a panel of the loop.
int64_t LanesTogether(bool direct) {
  if (direct) return kernels::kNarrowChannels;
  return RunsDirectConvolutions() ? 8 : 16;  // AVX2, AVX-512
}

Operand EmitPrimitive(const Node& node, ProgramBuilder& builder, const Window& window,
                      Convolution convolution, int64_t neighbours, std::string detail) {
  WritePaddingOut(builder, window, convolution);
  DropLastStride(builder, window, convolution);
  CutLongRows(builder, convolution);
  if (convolution.pieces) {
    detail = fmt::format("{} pieces{}{}", convolution.pieces->of_each, detail.empty() ? "" : " ",
                         detail);
  }
  const PostOps post_ops =
      FusedPostOps(node, builder, {.repeats = neighbours, .desc = convolution.y.desc});
  if (post_ops.result_buffer >= 0) convolution.y.buffer = post_ops.result_buffer;
  EmitConvolution<dnnl::convolution_forward>(builder, node.op, dnnl::algorithm::convolution_direct,
                                             convolution, post_ops, detail + post_ops.detail);
  return convolution.y;
}

}  // namespace

absl::Status LowerConv(const Node& node, ProgramBuilder& builder) {
  RECTIFIER_ASSIGN_OR_RETURN(const ConvAttributes attributes, ConvAttributes::Read(node));
  const ValueId w = node.inputs[1];
  if (builder.graph().constant(w) == nullptr) {
    return Unimplemented(Place(node), "weights that are not constant");
  }
  const Shape& x_shape = builder.shape(node.inputs[0]);
  RECTIFIER_ASSIGN_OR_RETURN(const Window window,
                             ConvWindow(Place(node), attributes, x_shape, builder.shape(w)));
  const std::optional<Operand> bias = BiasOf(builder, node);
  if (CoversInput(attributes, window, x_shape)) {
    builder.Set(node.outputs[0], EmitAsInnerProduct(node, builder, bias));
    return absl::OkStatus();
  }
  if (PrefersDepthwiseLoop(attributes, window, x_shape, builder.shape(w))) {
    builder.Set(node.outputs[0], EmitDepthwiseLoop(node, builder, window, bias));
    return absl::OkStatus();
  }
  Convolution convolution{
      builder.Get(node.inputs[0], ChannelsLast(x_shape)),
      builder.Allocate(ChannelsLast(builder.shape(node.outputs[0]))),
      PlainWeights(builder, w, WeightsDesc(builder.shape(w), attributes.group), "convolution"),
      bias,
      window.strides,
      HolesOf(window),
      window.pads_begin,
      window.pads_end};
  const int64_t lanes = LanesTogether(PrefersDirectConvolution(node, convolution));
  const int64_t neighbours = HasConstantBias(builder.graph(), node)
                                 ? NeighboursToJoin(attributes, window, builder.shape(w), lanes)
                                 : 1;
  if (PrefersRowConvolution(node, builder, convolution, neighbours, lanes)) {
    builder.Set(node.outputs[0], EmitRowConvolution(node, builder, convolution));
    return absl::OkStatus();
  }
  std::string detail;
  if (neighbours > 1) {
    JoinNeighbours(node, builder, neighbours, convolution);
    detail = fmt::format("{} neighbours", neighbours);
  }
  const bool direct = PrefersDirectConvolution(node, convolution);
  if (direct && neighbours == 1) {
    if (const Node* pool = PoolToTake(node, builder, convolution)) {
      const ValueId maxima = pool->outputs[0];
      builder.Set(maxima, EmitDirectConvolution(node, builder, convolution, {}, detail, pool));
      return absl::OkStatus();
    }
  }
  const Operand y =
      direct ? EmitDirectConvolution(node, builder, convolution, {.repeats = neighbours}, detail)
             : EmitPrimitive(node, builder, window, convolution, neighbours, detail);
  builder.Set(node.outputs[0], {y.buffer, ChannelsLast(builder.shape(node.outputs[0]))});
  return absl::OkStatus();
}

}  // namespace rectifier::onednn
