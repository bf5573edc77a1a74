#pragma once

#include <string>
#include <variant>
#include <vector>

#include "server/engine/onednn/program_builder.h"
#include "server/graph/graph.h"

namespace rectifier::onednn {

// A node's fused post-ops in oneDNN's terms.
struct PostOps {
  dnnl::primitive_attr attributes;        // with the scratchpad mode of every primitive
  std::vector<Step::Argument> arguments;  // what the post-ops read
  std::string detail;                     // for StepInfo: " + eltwise_relu(0.1)"
  int result_buffer = -1;  // where the primitive must write: over what it adds, when it says so
};

// How the result that post-ops are applied to lies in the primitive's own terms.
struct PostOpResult {
  // The axis along which a slope may vary, in the logical shape of the node's output; the
  // primitive's own output has its channels at dimension 1, ...
  int channel_axis = 1;
  int64_t repeats = 1;  // ... which are those of the node so many times
  Desc desc = {};       // the primitive's output, for a sum: the same bytes as channels-last
};

// Scalar slopes become eltwise_relu, per-channel ones prelu; what is added becomes a sum in place
// when nobody else reads it, else a binary_add. A pass fuses nothing else: any other slope is a
// broken invariant.
PostOps FusedPostOps(const Node& node, ProgramBuilder& builder, const PostOpResult& result);

// For a primitive that leaves them to steps of their own.
inline PostOps NoPostOps() { return {ProgramBuilder::NewAttributes(), {}, {}}; }

// The node for a step that leaves them to others.
inline Node WithoutPostOps(Node node) {
  node.post_ops.clear();
  return node;
}

// The slope of a fused Rectifier, whose node has results of `shape`: one number, or one for each
// channel of the primitive's result. Any other is a broken invariant.
std::variant<float, Operand> FusedSlope(ProgramBuilder& builder, ValueId slope, const Shape& shape,
                                        const PostOpResult& result);

// Whether the node's post-ops are one Rectifier that a loop applies to each channel. ReLU is left
// to a step of its own: 0 · −infinity would be NaN.
bool FitsLoop(const Node& node, const ProgramBuilder& builder);

// A constant of one element, or one for each of `channels`, as a vector of one for each channel,
// `repeats` times.
Operand RepeatedChannels(ProgramBuilder& builder, ValueId id, int64_t channels, int64_t repeats);

// Appends the arguments of the post-ops to those of the primitive.
std::vector<Step::Argument> WithPostOps(std::vector<Step::Argument> arguments,
                                        const PostOps& post_ops);

}  // namespace rectifier::onednn
