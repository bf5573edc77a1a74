#include "server/engine/onednn/inner_product.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "server/engine/onednn/direct_convolution.h"
#include "server/engine/onednn/emit_convolution.h"

namespace rectifier::onednn {

Operand EmitInnerProduct(ProgramBuilder& builder, const Node& node, const InnerProduct& product,
                         const std::optional<PostOpResult>& post_ops) {
  const Desc result = RowMajor(Dims{product.rows, product.n});
  const Dims none{0, 0};
  Convolution convolution{{product.x.buffer, RowsDesc(product.rows, product.k)},
                          {builder.Allocate(result).buffer, RowsDesc(product.rows, product.n)},
                          product.weights,
                          product.bias,
                          /*strides=*/Dims{1, 1},
                          /*holes=*/none,
                          /*pads_begin=*/none,
                          /*pads_end=*/none};
  const std::string detail = "inner product";
  const Node fused = post_ops ? node : WithoutPostOps(node);
  // For every number of rows, or for none: those are the batch, which must not change the bits.
  if (PrefersDirectConvolution(fused, convolution)) {
    const Operand y = EmitDirectConvolution(fused, builder, convolution,
                                            post_ops.value_or(PostOpResult{}), detail);
    return {y.buffer, result};
  }
  const PostOps ops = post_ops ? FusedPostOps(node, builder, *post_ops) : NoPostOps();
  if (ops.result_buffer >= 0) convolution.y.buffer = ops.result_buffer;
  EmitConvolution<dnnl::convolution_forward>(builder, node.op, dnnl::algorithm::convolution_direct,
                                             convolution, ops, detail + ops.detail);
  return {convolution.y.buffer, result};
}

WeightSource ChannelsLastRows(ProgramBuilder& builder, ValueId constant, const Desc& plain,
                              const std::string& form, float scale) {
  const Dims dims = plain.get_dims();
  const int64_t k = std::accumulate(dims.begin() + 1, dims.end(), int64_t{1}, std::multiplies<>());
  const Dims rows = {dims[0], k, 1, 1};
  const auto& tensor = builder.graph().value(constant).constant;
  std::string name = fmt::format("{} {}", form, scale);
  for (const int64_t dim : dims) name += fmt::format(" {}", dim);
  return {constant, rows, std::move(name),
          [&builder, tensor, plain, rows, scale](const Desc& wanted) {
            PackedWeight turned =
                builder.weights().Reorder(*tensor, plain, ChannelsLast(plain.get_dims()), scale);
            turned.desc = RowMajor(rows);
            return builder.weights().Reorder(std::move(turned), wanted);
          }};
}

WeightSource ChannelsLastWeights(ProgramBuilder& builder, ValueId constant, const Dims& x_dims,
                                 int64_t n, bool row_major, float scale) {
  Dims dims = x_dims;
  dims[0] = n;
  std::vector<int> order(dims.size());
  std::iota(order.begin(), order.end(), 0);
  // The transposed matrix has the products' columns innermost.
  if (!row_major) std::rotate(order.begin(), order.begin() + 1, order.end());
  return ChannelsLastRows(builder, constant, Dense(dims, order),
                          row_major ? "matrix, channels-last" : "transposed, channels-last", scale);
}

WeightSource MatrixWeights(ProgramBuilder& builder, ValueId constant, int64_t n, int64_t k,
                           bool row_major, float scale) {
  const Desc plain =
      Dense({n, k, 1, 1}, row_major ? std::vector{0, 1, 2, 3} : std::vector{1, 0, 2, 3});
  return PlainWeights(builder, constant, plain, row_major ? "matrix" : "transposed matrix", scale);
}

}  // namespace rectifier::onednn
