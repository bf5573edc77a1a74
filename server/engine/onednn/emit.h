#pragma once

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/engine/kernels/elementwise.h"
#include "server/engine/onednn/program_builder.h"
#include "server/ops/window.h"

namespace rectifier::onednn {

// Steps that more than one lowering needs. Each returns where its result lies.

// algorithm(x; alpha, beta), in the layout of `x`; written over `x` when nobody reads it any more.
Operand EmitEltwise(ProgramBuilder& builder, std::string_view op, dnnl::algorithm algorithm,
                    const Operand& x, float alpha = 0, float beta = 0);

// x > 0 ? x : slope · x for a dense `x` of `shape`, whatever the slope's shape and the layout of x.
Operand EmitRectifier(ProgramBuilder& builder, const Operand& x, const Shape& shape, ValueId slope);

// All of a node's post-ops as steps of their own, for a primitive that cannot take them.
Operand EmitPostOps(ProgramBuilder& builder, const Node& node, Operand x);

// An elementwise loop over operands that broadcast into `to`, in the layout of the first that has
// its shape; written over one that nobody reads any more.
Operand EmitMap(ProgramBuilder& builder, std::string_view op, kernels::ElementwiseFunction function,
                const kernels::ElementwiseParameters& parameters, const std::vector<ValueId>& ids,
                const TensorType& to);

// x[…, indices[i], …] along dimension `axis`, in the layout of x.
Operand EmitTake(ProgramBuilder& builder, std::string_view op, const Operand& x, int axis,
                 std::vector<int64_t> indices);

// The window of a MaxPool.
absl::StatusOr<Window> MaxPoolWindow(const Node& node, const ProgramBuilder& builder);

// A tensor of zeros.
Operand EmitZeros(ProgramBuilder& builder, const Desc& desc);

// A channels-last `x` with zeros put before and behind each of its spatial dimensions.
Operand EmitZeroPad(ProgramBuilder& builder, const Operand& x, const Dims& begin, const Dims& end);

// scale · a · b for matrices, or stacks of them whose leading dimensions broadcast; all descriptors
// have the same rank. Returns the result, row-major.
Operand EmitMatMul(ProgramBuilder& builder, const Node& node, const Operand& a, const Operand& b,
                   const Dims& to, float scale);

// a = algorithm(a, b), where `a` is the result of a step, row-major and of the shape `to`, and `b`
// is row-major and broadcasts into it.
Operand EmitBinaryInPlace(ProgramBuilder& builder, std::string_view op, dnnl::algorithm algorithm,
                          const Operand& a, const Operand& b, const Shape& b_shape,
                          const Shape& to);

}  // namespace rectifier::onednn
