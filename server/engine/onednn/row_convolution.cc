#include "server/engine/onednn/row_convolution.h"

#include <algorithm>
#include <utility>

#include "server/engine/kernels/row_sum.h"
#include "server/engine/onednn/block_convolution.h"
#include "server/engine/onednn/direct_convolution.h"
#include "server/engine/onednn/emit.h"

namespace rectifier::onednn {
namespace {

// Weights [M, C, kernel height, kernel width] as [kernel height · M, C, 1, kernel width].
WeightSource WeightsByRow(ProgramBuilder& builder, const WeightSource& source) {
  const auto& tensor = builder.graph().value(source.constant).constant;
  const Shape& shape = tensor->shape();
  const Dims dims = {shape[2] * shape[0], shape[1], 1, shape[3]};
  return {source.constant, dims, "rows of taps", [&builder, tensor, dims](const Desc& wanted) {
            const Shape& w = tensor->shape();
            const Dims by_row = {w[2], w[0], w[1], w[3]};
            PackedWeight packed =
                builder.weights().Reorder(*tensor, Dense(by_row, {1, 2, 0, 3}), RowMajor(by_row));
            packed.desc = RowMajor(dims);
            return builder.weights().Reorder(std::move(packed), wanted);
          }};
}

// The convolution of all rows of x.
Convolution OfRows(ProgramBuilder& builder, const Convolution& convolution) {
  Convolution rows = convolution;
  rows.weights = WeightsByRow(builder, convolution.weights);
  rows.bias = std::nullopt;
  const Dims y = convolution.y.desc.get_dims();
  rows.y.desc =
      ChannelsLast(Dims{y[0], rows.weights.dims[0], convolution.x.desc.get_dims()[2], y[3]});
  rows.holes[0] = 0;
  rows.pads_begin[0] = 0;
  rows.pads_end[0] = 0;
  return rows;
}

}  // namespace

bool PrefersRowConvolution(const Node& node, ProgramBuilder& builder,
                           const Convolution& convolution, int64_t neighbours, int64_t lanes) {
  constexpr double kWorthwhile = 1.2;
  constexpr int64_t kLongRow = 32;  // beside which the sum is little
  const Dims& w = convolution.weights.dims;
  if (convolution.strides.size() != 2 || w.size() != 4 || convolution.strides[0] != 1) return false;
  if (w[2] == 1 || w[1] * w[3] < kLongRow) return false;
  if (w[2] * w[0] > w[1]) return false;  // z would be larger than x
  // Of z's rows, which are those of x, y may need few.
  const auto rows = static_cast<double>(convolution.x.desc.get_dims()[2]);
  const double needed = std::min(1.0, static_cast<double>(convolution.y.desc.get_dims()[2]) / rows);
  const double joined = LaneEfficiency(lanes, neighbours, w[0], w[3], convolution.strides[1]);
  return needed * LaneEfficiency(lanes, 1, w[2] * w[0], w[3], 1) >= kWorthwhile * joined &&
         PrefersDirectConvolution(WithoutPostOps(node), OfRows(builder, convolution));
}

Operand EmitRowConvolution(const Node& node, ProgramBuilder& builder,
                           const Convolution& convolution) {
  Convolution rows = OfRows(builder, convolution);
  rows.y = builder.Allocate(rows.y.desc);
  EmitDirectConvolution(WithoutPostOps(node), builder, rows, {}, "rows of taps");
  const Dims z = rows.y.desc.get_dims();
  const Dims y = convolution.y.desc.get_dims();
  kernels::RowSum sum;
  sum.samples = y[0];
  sum.rows = y[2];
  sum.z_rows = z[2];
  sum.columns = y[3];
  sum.channels = y[1];
  sum.taps = convolution.weights.dims[2];
  sum.dilation = convolution.holes[0] + 1;
  sum.pad = convolution.pads_begin[0];
  std::vector<Operand> operands = {convolution.y, rows.y};
  if (convolution.bias) operands.push_back(*convolution.bias);
  builder.AddKernel(node.op, "row_sum", operands, [sum](std::span<std::byte* const> memory) {
    const auto at = [&](size_t i) { return reinterpret_cast<float*>(memory[i]); };
    kernels::SumRows(sum, at(0), at(1), memory.size() > 2 ? at(2) : nullptr);
  });
  return EmitPostOps(builder, node, convolution.y);
}

}  // namespace rectifier::onednn
