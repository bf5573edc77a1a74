#pragma once

#include "server/engine/onednn/emit_convolution.h"
#include "server/ops/conv.h"

namespace rectifier::onednn {

// A Conv with few output channels M as one with r · M: those of r neighbours along the width, whose
// weights are the same, each shifted by a position and 0 elsewhere. With a stride of r its result
// has the same bytes. oneDNN computes whole vectors of output channels, so that a layer of 3 runs
// at a fifth of its speed; the zeros that are multiplied are fewer than the lanes that lie idle.
//
// A number that is not finite spreads along the width by up to r − 1 more positions of its sample.

// The part of the multiplications that counts when so many neighbours along the width are taken
// together, whose kernel and stride are those of that dimension, and output channels are computed
// so many `lanes` together.
double LaneEfficiency(int64_t lanes, int64_t neighbours, int64_t channels, int64_t kernel,
                      int64_t stride);

// How many neighbours to take together; 1 where nothing is won.
int64_t NeighboursToJoin(const ConvAttributes& attributes, const Window& window, const Shape& w,
                         int64_t lanes);

// `convolution`, of the node's own channels, made one of `neighbours` together. Its y keeps the
// buffer and gets another desc.
void JoinNeighbours(const Node& node, ProgramBuilder& builder, int64_t neighbours,
                    Convolution& convolution);

}  // namespace rectifier::onednn
