#pragma once

#include "server/engine/onednn/emit_convolution.h"
#include "server/ops/conv.h"

namespace rectifier::onednn {

// A Conv of two dimensions with few output channels M as one with M for each row of taps, whose
// kernel is a single row, and the sum of the rows, each shifted by its place in the kernel:
//
//   z[h, j, k, m] = Σ_l,c w[m, c, k, l] · x[h, j + l, c],   y[i, j, m] = Σ_k z[i + k, j, k, m]
//
// It fills vectors of output channels that would be idle, as JoinNeighbours() does, without
// multiplying by zeros.

// Whether that is the better way, also than joining neighbours, and the loop that it needs can run
// `convolution`, of the node's own channels. `lanes` as for LaneEfficiency().
bool PrefersRowConvolution(const Node& node, ProgramBuilder& builder,
                           const Convolution& convolution, int64_t neighbours, int64_t lanes);

// Adds the steps, post-ops included, and returns the result, channels-last.
Operand EmitRowConvolution(const Node& node, ProgramBuilder& builder,
                           const Convolution& convolution);

}  // namespace rectifier::onednn
