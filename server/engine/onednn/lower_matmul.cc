#include <algorithm>
#include <utility>

#include "server/core/status.h"
#include "server/engine/onednn/emit.h"
#include "server/engine/onednn/inner_product.h"
#include "server/engine/onednn/lowering_table.h"
#include "server/engine/onednn/post_ops.h"
#include "server/ops/broadcast.h"

namespace rectifier::onednn {

Operand EmitMatMul(ProgramBuilder& builder, const Node& node, const Operand& a, const Operand& b,
                   const Dims& to, float scale) {
  dnnl::primitive_attr attributes = ProgramBuilder::NewAttributes();
  if (scale != 1) {
    dnnl::post_ops ops;
    ops.append_eltwise(dnnl::algorithm::eltwise_linear, scale, 0);
    attributes.set_post_ops(ops);
  }
  Operand result = builder.Allocate(RowMajor(to));
  const dnnl::matmul::primitive_desc pd(builder.engine(), a.desc, b.desc, result.desc, attributes);
  builder.Add(node.op, pd, dnnl::matmul(pd),
              {{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, result}});
  return result;
}

namespace {

// `id` as a stack of matrices of rank `rank`: a vector becomes the row (or column) of a matrix.
Operand AsMatrices(ProgramBuilder& builder, ValueId id, int rank, bool column) {
  Shape shape = builder.shape(id);
  Operand operand = builder.Get(id, RowMajor(shape));
  if (column && shape.rank() == 1) shape.push_back(1);
  operand.desc = RowMajor(DimsOf(PadRank(shape, rank)));
  return operand;
}

// Takes the leading dimensions away that are 1 in both, and returns the product's dimensions. With
// them, oneDNN 3.7 on AVX-512 multiplies [n, 1, …] by [1, 1, …] wrong, or writes beyond the result.
Dims DropOnes(Operand& left, Operand& right) {
  const Dims a = left.desc.get_dims();
  const Dims b = right.desc.get_dims();
  const size_t stack = a.size() - 2;
  Dims left_dims;
  Dims right_dims;
  Dims to;
  for (size_t i = 0; i < stack; ++i) {
    if (a[i] == 1 && b[i] == 1) continue;
    left_dims.push_back(a[i]);
    right_dims.push_back(b[i]);
    to.push_back(a[i] == 1 ? b[i] : a[i]);
  }
  left_dims.insert(left_dims.end(), {a[stack], a[stack + 1]});
  right_dims.insert(right_dims.end(), {b[stack], b[stack + 1]});
  to.insert(to.end(), {a[stack], b[stack + 1]});
  left.desc = RowMajor(left_dims);
  right.desc = RowMajor(right_dims);
  return to;
}

}  // namespace

absl::Status LowerMatMul(const Node& node, ProgramBuilder& builder) {
  const ValueId a = node.inputs[0];
  const ValueId b = node.inputs[1];
  const Shape& a_shape = builder.shape(a);
  const Shape& b_shape = builder.shape(b);
  const Shape& y_shape = builder.shape(node.outputs[0]);
  const int64_t k = a_shape[a_shape.rank() - 1];
  Operand y;
  if (k == 0) {  // sums of nothing, which oneDNN leaves alone
    y = EmitPostOps(builder, node, EmitZeros(builder, RowMajor(y_shape)));
  } else if (builder.graph().constant(b) != nullptr && b_shape.rank() <= 2) {
    // All leading dimensions of a are rows of one matrix.
    const int64_t n = b_shape.rank() == 2 ? b_shape[1] : 1;
    // With a vector on the right the product's one channel is no dimension of the result.
    const bool fused = b_shape.rank() == 2;
    std::optional<PostOpResult> post_ops;
    if (fused) post_ops = PostOpResult{.channel_axis = y_shape.rank() - 1};
    const auto& flattened = builder.Flattened(a);
    WeightSource weights = flattened
                               ? ChannelsLastWeights(builder, b, flattened->desc.get_dims(), n,
                                                     /*row_major=*/false, /*scale=*/1)
                               : MatrixWeights(builder, b, n, k, /*row_major=*/false, /*scale=*/1);
    const Operand rows = flattened ? *flattened : builder.GetRowMajor(a);
    y = EmitInnerProduct(
        builder, node, {rows, a_shape.ElementCount() / k, k, n, std::move(weights), {}}, post_ops);
    y.desc = RowMajor(y_shape);
    if (!fused) y = EmitPostOps(builder, node, y);
  } else {
    const int rank = std::max({a_shape.rank(), b_shape.rank(), 2});
    Operand left = AsMatrices(builder, a, rank, /*column=*/false);
    Operand right = AsMatrices(builder, b, rank, /*column=*/true);
    const Dims to = DropOnes(left, right);
    y = EmitMatMul(builder, node, left, right, to, 1);
    y.desc = RowMajor(y_shape);
    y = EmitPostOps(builder, node, y);
  }
  builder.Set(node.outputs[0], y);
  return absl::OkStatus();
}

}  // namespace rectifier::onednn
