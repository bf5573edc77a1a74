#include "server/engine/onednn/inner_product.h"

#include "server/engine/onednn/emit_convolution.h"

namespace rectifier::onednn {

Operand EmitInnerProduct(ProgramBuilder& builder, std::string_view op, const InnerProduct& product,
                         const PostOps& post_ops) {
  Operand result = builder.Allocate(RowMajor(Dims{product.rows, product.n}));
  const Dims none{0, 0};
  const Convolution convolution{
      {product.x.buffer, ChannelsLast(Dims{1, product.k, 1, product.rows})},
      {result.buffer, ChannelsLast(Dims{1, product.n, 1, product.rows})},
      product.weights,
      product.bias,
      /*strides=*/Dims{1, 1},
      /*holes=*/none,
      /*pads_begin=*/none,
      /*pads_end=*/none};
  EmitConvolution<dnnl::convolution_forward>(builder, op, dnnl::algorithm::convolution_direct,
                                             convolution, post_ops,
                                             "inner product" + post_ops.detail);
  return result;
}

WeightSource MatrixWeights(ProgramBuilder& builder, ValueId constant, int64_t n, int64_t k,
                           bool row_major, float scale) {
  const Desc plain =
      Dense({n, k, 1, 1}, row_major ? std::vector{0, 1, 2, 3} : std::vector{1, 0, 2, 3});
  return PlainWeights(builder, constant, plain, row_major ? "matrix" : "transposed matrix", scale);
}

}  // namespace rectifier::onednn
