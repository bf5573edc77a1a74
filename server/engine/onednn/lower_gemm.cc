#include <utility>

#include "server/core/status.h"
#include "server/engine/onednn/emit.h"
#include "server/engine/onednn/inner_product.h"
#include "server/engine/onednn/lowering_table.h"
#include "server/ops/gemm.h"
#include "server/ops/rectifier.h"

namespace rectifier::onednn {
namespace {

// beta · c as the bias [n] of an inner product; nullopt when c is no constant, or is not the same
// in every row.
std::optional<Operand> ConstantBias(ProgramBuilder& builder, ValueId c, float beta, int64_t n) {
  const auto& tensor = builder.graph().value(c).constant;
  if (tensor == nullptr || !SlopeVariesOnlyAlong(tensor->shape(), 2, 1)) return std::nullopt;
  const Desc desc = RowMajor(Dims{n});
  return builder.Constant(
      builder.weights().FindOrMake(tensor, fmt::format("bias {} {}", n, beta), desc, [&] {
        PackedWeight packed{desc, AlignedBuffer(desc.get_size())};
        auto* out = reinterpret_cast<float*>(packed.data.data());
        const auto values = tensor->data<float>();
        for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
          out[i] = beta * values[values.size() == 1 ? 0 : i];
        }
        return packed;
      }));
}

// The matrix `id`, or its transpose, without moving it.
Operand Matrix(ProgramBuilder& builder, ValueId id, bool transpose) {
  const Shape& shape = builder.shape(id);
  Operand matrix = builder.Get(id, RowMajor(shape));
  if (transpose) matrix.desc = Dense({shape[1], shape[0]}, {1, 0});
  return matrix;
}

}  // namespace

absl::Status LowerGemm(const Node& node, ProgramBuilder& builder) {
  RECTIFIER_ASSIGN_OR_RETURN(const GemmAttributes attributes, GemmAttributes::Read(node));
  const ValueId b = node.inputs[1];
  const ValueId c = node.inputs.size() > 2 && attributes.beta != 0 ? node.inputs[2] : kNoValue;
  const Shape& y_shape = builder.shape(node.outputs[0]);
  const bool constant_b = builder.graph().constant(b) != nullptr;
  const auto& flattened = builder.Flattened(node.inputs[0]);
  const bool by_samples = constant_b && !attributes.transpose_a && flattened.has_value();
  Operand a = by_samples ? *flattened : Matrix(builder, node.inputs[0], attributes.transpose_a);
  Operand y;
  bool done = false;                // c and the post-ops are in y
  if (a.desc.get_dims()[1] == 0) {  // sums of nothing, which oneDNN leaves alone
    y = EmitZeros(builder, RowMajor(y_shape));
  } else if (builder.graph().constant(b) != nullptr) {
    if (attributes.transpose_a) {
      const Operand rows = builder.Allocate(RowMajor(a.desc.get_dims()));
      builder.AddReorder(a, rows);
      a = rows;
    }
    const int64_t n = y_shape[1];
    const int64_t k = builder.shape(b).ElementCount() / n;
    std::optional<Operand> bias;
    if (c != kNoValue) bias = ConstantBias(builder, c, attributes.beta, n);
    done = c == kNoValue || bias.has_value();
    WeightSource weights =
        by_samples ? ChannelsLastWeights(builder, b, a.desc.get_dims(), n, attributes.transpose_b,
                                         attributes.alpha)
                   : MatrixWeights(builder, b, n, k, attributes.transpose_b, attributes.alpha);
    const auto fused = done ? std::optional(PostOpResult{}) : std::nullopt;
    y = EmitInnerProduct(builder, node, {a, y_shape[0], k, n, std::move(weights), bias}, fused);
  } else {
    y = EmitMatMul(builder, node, a, Matrix(builder, b, attributes.transpose_b), DimsOf(y_shape),
                   attributes.alpha);
  }
  if (!done) {
    if (c != kNoValue) {
      Operand addend = builder.Get(c, RowMajor(builder.shape(c)));
      if (attributes.beta != 1) {
        addend = EmitEltwise(builder, "Gemm", dnnl::algorithm::eltwise_linear, addend,
                             attributes.beta, 0);
      }
      EmitBinaryInPlace(builder, "Gemm", dnnl::algorithm::binary_add, y, addend, builder.shape(c),
                        y_shape);
    }
    y = EmitPostOps(builder, node, y);
  }
  builder.Set(node.outputs[0], y);
  return absl::OkStatus();
}

}  // namespace rectifier::onednn
