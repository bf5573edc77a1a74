#include <algorithm>
#include <utility>

#include "server/core/status.h"
#include "server/engine/kernels/elementwise.h"
#include "server/engine/onednn/emit.h"
#include "server/engine/onednn/lowering_table.h"
#include "server/ops/broadcast.h"
#include "server/ops/elementwise.h"

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

using Primitive = dnnl::binary::primitive_desc;

Primitive NewPrimitive(ProgramBuilder& builder, dnnl::algorithm algorithm, const Desc& a,
                       const Desc& b, const Desc& result) {
  return Primitive(builder.engine(), algorithm, a, b, result, ProgramBuilder::NewAttributes(),
                   /*allow_empty=*/true);
}

void Add(ProgramBuilder& builder, std::string_view op, const Primitive& pd, const Operand& a,
         const Operand& b, const Operand& result) {
  builder.Add(op, pd, dnnl::binary(pd),
              {{DNNL_ARG_SRC_0, a}, {DNNL_ARG_SRC_1, b}, {DNNL_ARG_DST, result}});
}

// oneDNN broadcasts the second operand only, and has loops of its own for just some shapes of it;
// its reference is a hundred times slower than a plain loop.
bool IsFast(const Primitive& pd) {
  return pd && !std::string_view(pd.impl_info_str()).starts_with("ref");
}

// algorithm(a, b) where `a` has the shape `to`; false when oneDNN has nothing fast for it.
bool EmitPrimitive(const Node& node, ProgramBuilder& builder, dnnl::algorithm algorithm, ValueId a,
                   ValueId b, const Shape& to) {
  const int rank = std::max(1, to.rank());
  // The layout of the operand that is not a constant is kept.
  const bool keep_b = builder.graph().constant(a) != nullptr && builder.shape(b) == to;
  const std::vector<int> order = PhysicalOrder(builder.Get(keep_b ? b : a).desc);
  const Desc layout = Dense(DimsOf(PadRank(to, rank)), order);
  const Desc b_layout = builder.shape(b).rank() == rank
                            ? Dense(DimsOf(builder.shape(b)), order)
                            : RowMajor(DimsOf(PadRank(builder.shape(b), rank)));
  const Primitive pd = NewPrimitive(builder, algorithm, layout, b_layout, layout);
  if (!IsFast(pd)) return false;
  const Operand left = AlignedOperand(builder, a, rank, order);
  const Operand right = AlignedOperand(builder, b, rank, order);
  const bool in_place = left.buffer != right.buffer && builder.MayOverwrite(left);
  const Operand result = in_place ? left : builder.Allocate(left.desc);
  Add(builder, node.op, pd, left, right, result);
  builder.Set(node.outputs[0], result);
  return true;
}

absl::Status Lower(const Node& node, ProgramBuilder& builder, dnnl::algorithm algorithm,
                   bool commutes) {
  const TensorType& to = builder.type(node.outputs[0]);
  ValueId a = node.inputs[0];
  ValueId b = node.inputs[1];
  if (commutes && builder.shape(a) != to.shape) std::swap(a, b);
  const bool primitive = to.dtype == DType::kFloat32 && builder.shape(a) == to.shape;
  if (primitive && EmitPrimitive(node, builder, algorithm, a, b, to.shape)) return absl::OkStatus();
  return LowerElementwise(node, builder);
}

}  // namespace

Operand EmitBinaryInPlace(ProgramBuilder& builder, std::string_view op, dnnl::algorithm algorithm,
                          const Operand& a, const Operand& b, const Shape& b_shape,
                          const Shape& to) {
  Operand right = b;
  right.desc = RowMajor(DimsOf(PadRank(b_shape, to.rank())));
  Add(builder, op, NewPrimitive(builder, algorithm, a.desc, right.desc, a.desc), a, right, a);
  return a;
}

absl::Status LowerAdd(const Node& node, ProgramBuilder& builder) {
  return Lower(node, builder, dnnl::algorithm::binary_add, /*commutes=*/true);
}

absl::Status LowerMul(const Node& node, ProgramBuilder& builder) {
  return Lower(node, builder, dnnl::algorithm::binary_mul, /*commutes=*/true);
}

absl::Status LowerSub(const Node& node, ProgramBuilder& builder) {
  return Lower(node, builder, dnnl::algorithm::binary_sub, /*commutes=*/false);
}

absl::Status LowerDiv(const Node& node, ProgramBuilder& builder) {
  return Lower(node, builder, dnnl::algorithm::binary_div, /*commutes=*/false);
}

}  // namespace rectifier::onednn
