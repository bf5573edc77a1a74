#pragma once

#include "server/engine/onednn/program_builder.h"
#include "server/graph/graph.h"

namespace rectifier::onednn {

// y [rows, n] = x [rows, k] · wᵀ + bias, with a constant w of [n, k].
struct InnerProduct {
  Operand x;                        // row-major [rows, k]
  ValueId weights;                  // the constant
  Desc plain;                       // how its elements lie, seen as [n, k]
  float scale = 1;                  // of the weights
  std::optional<Operand> bias;      // [n]
  std::optional<int> channel_axis;  // the node's post-ops are fused, see FusedPostOps()
};

// Adds the step and returns y, row-major.
Operand EmitInnerProduct(ProgramBuilder& builder, const Node& node, const InnerProduct& product);

// scale · a · b for matrices, or stacks of them whose leading dimensions broadcast; all descriptors
// have the same rank. Returns the result, row-major.
Operand EmitMatMul(ProgramBuilder& builder, const Node& node, const Operand& a, const Operand& b,
                   const Dims& to, float scale);

}  // namespace rectifier::onednn
