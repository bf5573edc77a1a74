#pragma once

#include <optional>

#include "server/engine/onednn/pinned_weights.h"
#include "server/engine/onednn/post_ops.h"
#include "server/engine/onednn/program_builder.h"
#include "server/graph/graph.h"

namespace rectifier::onednn {

// y [rows, n] = x [rows, k] · wᵀ + bias, with a constant w of [n, k].
//
// It runs as a 1×1 convolution whose rows lie along its width: the bytes of row-major matrices are
// those of [1, k, 1, rows] channels-last. Without AVX-512 that is the engine's own loop, which
// reads many weights faster and is not generated; else oneDNN's primitive. oneDNN's inner product
// is no faster, and picks another algorithm for some batches, so that the bits of a row depend on
// how many rows there are; the convolution's never did (99 shapes, batches of 1 to 32, 1 and 2
// threads, AVX2 and AVX-512).
struct InnerProduct {
  Operand x;  // row-major [rows, k], or what has the same bytes
  int64_t rows = 0;
  int64_t k = 0;
  int64_t n = 0;
  WeightSource weights;         // [n, k, 1, 1]
  std::optional<Operand> bias;  // [n]
};

// How the convolution sees a matrix of so many rows and columns.
inline Desc RowsDesc(int64_t rows, int64_t columns) {
  return ChannelsLast(Dims{1, columns, 1, rows});
}

// Adds the step, of `node`, and returns y, row-major [rows, n]. `post_ops` says how y is the node's
// result for its post-ops; without it, they are left to others.
Operand EmitInnerProduct(ProgramBuilder& builder, const Node& node, const InnerProduct& product,
                         const std::optional<PostOpResult>& post_ops);

// The weights of an inner product whose x is a channels-last tensor of `x_dims`, of which every
// sample is a row: those of MatrixWeights(), with the elements of a row in x's order.
WeightSource ChannelsLastWeights(ProgramBuilder& builder, ValueId constant, const Dims& x_dims,
                                 int64_t n, bool row_major, float scale);

// Convolution weights [M, C, kernel…], which `plain` says how they lie, likewise as [M, rest].
WeightSource ChannelsLastRows(ProgramBuilder& builder, ValueId constant, const Desc& plain,
                              const std::string& form, float scale = 1);

// A constant matrix as the weights of an InnerProduct: [n, k] row-major, or its transpose.
WeightSource MatrixWeights(ProgramBuilder& builder, ValueId constant, int64_t n, int64_t k,
                           bool row_major, float scale);

}  // namespace rectifier::onednn
