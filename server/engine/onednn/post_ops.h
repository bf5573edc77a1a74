#pragma once

#include <string>
#include <vector>

#include "server/engine/onednn/program_builder.h"
#include "server/graph/graph.h"

namespace rectifier::onednn {

// A node's fused post-ops in oneDNN's terms.
struct PostOps {
  dnnl::primitive_attr attributes;        // with the scratchpad mode of every primitive
  std::vector<Step::Argument> arguments;  // what the post-ops read
  std::string detail;                     // for StepInfo: " + eltwise_relu(0.1)"
};

// Scalar slopes become eltwise_relu, per-channel ones prelu. A pass fuses nothing else: any other
// slope is a broken invariant. `channel_axis` is the axis along which a slope may vary, in the
// logical shape of the node's output; the primitive's own output has its channels at dimension 1,
// which are those of the node `repeats` times.
PostOps FusedPostOps(const Node& node, ProgramBuilder& builder, int channel_axis,
                     int64_t repeats = 1);

// For a primitive that leaves them to steps of their own.
inline PostOps NoPostOps() { return {ProgramBuilder::NewAttributes(), {}, {}}; }

// Whether the node's post-ops are one Rectifier that a loop applies to each channel. ReLU is left to
// a step of its own: 0 · −infinity would be NaN.
bool FitsLoop(const Node& node, const ProgramBuilder& builder);

// A constant of one element, or one for each of `channels`, as a vector of one for each channel,
// `repeats` times.
Operand RepeatedChannels(ProgramBuilder& builder, ValueId id, int64_t channels, int64_t repeats);

// Appends the arguments of the post-ops to those of the primitive.
std::vector<Step::Argument> WithPostOps(std::vector<Step::Argument> arguments,
                                        const PostOps& post_ops);

}  // namespace rectifier::onednn
