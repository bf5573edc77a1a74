#pragma once

#include <string>

#include "server/engine/onednn/emit_convolution.h"
#include "server/graph/graph.h"

namespace rectifier::onednn {

// A convolution as a loop of our own (kernels/convolve.h), on CPUs with AVX2 and no AVX-512. It is
// as fast as oneDNN's primitive there, faster where there are many weights for few positions, and
// nothing has to be generated for it (docs/adr/0016).

// Whether this CPU is one of those.
bool RunsDirectConvolutions();

// Whether EmitDirectConvolution() computes `convolution`, of `node` and its post-ops: it does what
// it can.
bool PrefersDirectConvolution(const Node& node, const Convolution& convolution);

// The MaxPool that alone reads the node's result, when the loop can take the maxima of what it has
// just computed: of windows that lie side by side, without padding. Else null.
const Node* PoolToTake(const Node& node, const ProgramBuilder& builder,
                       const Convolution& convolution);

// Adds the step, post-ops included, and returns where its result is: in the convolution's y, or
// over what is added to it. `result` says how the channels of y are those of the node; `how`, for
// StepInfo, comes before what is said of the post-ops. With a `pool`, from PoolToTake(), the result
// is that node's.
Operand EmitDirectConvolution(const Node& node, ProgramBuilder& builder, Convolution convolution,
                              const PostOpResult& result, const std::string& how,
                              const Node* pool = nullptr);

}  // namespace rectifier::onednn
