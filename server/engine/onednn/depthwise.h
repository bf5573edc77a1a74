#pragma once

#include <optional>

#include "server/engine/onednn/program_builder.h"
#include "server/graph/graph.h"
#include "server/ops/conv.h"

namespace rectifier::onednn {

// A Conv with a filter for each channel that is faster as a loop of our own: one with holes, or of
// one spatial dimension. oneDNN (3.2 and 3.7) has no depthwise kernel for those in channels-last,
// and takes a general one that computes a block of channels for each: 20 to 60 times slower.
bool PrefersDepthwiseLoop(const ConvAttributes& attributes, const Window& window, const Shape& x,
                          const Shape& w);

// Adds the step and returns its result, channels-last.
Operand EmitDepthwiseLoop(const Node& node, ProgramBuilder& builder, const Window& window,
                          const std::optional<Operand>& bias);

}  // namespace rectifier::onednn
