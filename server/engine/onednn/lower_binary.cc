#include <algorithm>
#include <utility>

#include "server/core/status.h"
#include "server/engine/onednn/emit.h"
#include "server/engine/onednn/lowering_table.h"
#include "server/ops/broadcast.h"

namespace rectifier::onednn {
namespace {

// `id` as an operand of rank `rank` whose dimensions lie in `order`, 1s put before its own.
Operand AlignedOperand(ProgramBuilder& builder, ValueId id, int rank,
                       const std::vector<int>& order) {
  const Shape& shape = builder.shape(id);
  const Dims dims = DimsOf(PadRank(shape, rank));
  if (shape.rank() == rank) return builder.Get(id, Dense(dims, order));
  Operand operand = builder.Get(id, RowMajor(shape));
  operand.desc = RowMajor(dims);
  return operand;
}

Operand Emit(ProgramBuilder& builder, std::string_view op, dnnl::algorithm algorithm,
             const Operand& a, const Operand& b, const Operand& result) {
  const dnnl::binary::primitive_desc pd(builder.engine(), algorithm, a.desc, b.desc, result.desc,
                                        ProgramBuilder::NewAttributes());
  builder.Add(op, pd, dnnl::binary(pd),
              {{DNNL_ARG_SRC_0, a}, {DNNL_ARG_SRC_1, b}, {DNNL_ARG_DST, result}});
  return result;
}

}  // namespace

Operand EmitBinaryInPlace(ProgramBuilder& builder, std::string_view op, dnnl::algorithm algorithm,
                          const Operand& a, const Operand& b, const Shape& b_shape,
                          const Shape& to) {
  Operand right = b;
  right.desc = RowMajor(DimsOf(PadRank(b_shape, to.rank())));
  return Emit(builder, op, algorithm, a, right, a);
}

// Add and Mul are commutative, so the operand of the full shape comes first: oneDNN broadcasts the
// second only.
Operand EmitBinary(ProgramBuilder& builder, std::string_view op, dnnl::algorithm algorithm,
                   ValueId a, ValueId b, const Shape& to) {
  const int rank = std::max(1, to.rank());
  if (builder.shape(a) != to) std::swap(a, b);
  if (builder.shape(a) == to) {
    // The layout of the operand that is not a constant is kept.
    const bool keep_b = builder.graph().constant(a) != nullptr && builder.shape(b) == to;
    const std::vector<int> order = PhysicalOrder(builder.Get(keep_b ? b : a).desc);
    const Operand left = AlignedOperand(builder, a, rank, order);
    const Operand right = AlignedOperand(builder, b, rank, order);
    const bool in_place = left.buffer != right.buffer && builder.MayOverwrite(left);
    return Emit(builder, op, algorithm, left, right, in_place ? left : builder.Allocate(left.desc));
  }
  // Neither has the full shape: the first is written out.
  const Desc full = RowMajor(to);
  const std::vector<int> order = PhysicalOrder(full);
  const Operand result = builder.Allocate(full);
  builder.AddFill(result, 0);
  Emit(builder, op, dnnl::algorithm::binary_add, result, AlignedOperand(builder, a, rank, order),
       result);
  return Emit(builder, op, algorithm, result, AlignedOperand(builder, b, rank, order), result);
}

absl::Status LowerAdd(const Node& node, ProgramBuilder& builder) {
  builder.Set(node.outputs[0],
              EmitBinary(builder, "Add", dnnl::algorithm::binary_add, node.inputs[0],
                         node.inputs[1], builder.shape(node.outputs[0])));
  return absl::OkStatus();
}

absl::Status LowerMul(const Node& node, ProgramBuilder& builder) {
  builder.Set(node.outputs[0],
              EmitBinary(builder, "Mul", dnnl::algorithm::binary_mul, node.inputs[0],
                         node.inputs[1], builder.shape(node.outputs[0])));
  return absl::OkStatus();
}

}  // namespace rectifier::onednn
