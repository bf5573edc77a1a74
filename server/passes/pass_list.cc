#include <array>

#include "server/passes/passes.h"

namespace rectifier {

namespace {

constexpr std::array kPasses = {
    Pass{"constant-folding", "computes what depends on constants only", FoldConstants},
    Pass{"recognize-rectifier", "finds the activation in expressions that spell it out",
         RecognizeRectifiers},
    Pass{"simplify-rectifier",
         "a slope whose elements are all equal becomes a scalar; slope 1 is Identity",
         SimplifyRectifiers},
    Pass{"recognize-normalization", "finds normalizations that are written out",
         RecognizeNormalizations},
    Pass{"sink-transposes",
         "moves Transposes down until they cancel or meet an operator that cares for the order",
         SinkTransposes},
    Pass{"remove-identity", "takes out nodes whose result is their input", RemoveIdentities},
    Pass{"dead-code", "takes out nodes whose result nobody reads", RemoveDeadCode},
    Pass{"fold-batch-normalization",
         "puts BatchNormalization into the weights of the convolution before it",
         FoldBatchNormalization},
    Pass{"join-bias", "puts the Add of a constant behind a MatMul into it, as a Gemm", JoinBiases},
    Pass{"arrange-depth-to-space",
         "puts pixel shuffles into the order that is cheapest, behind their activations",
         ArrangeDepthToSpace},
    Pass{"fuse-post-ops", "makes Rectifiers and sums post-ops of what computes their input",
         FusePostOps},
};

}  // namespace

std::span<const Pass> PassList() { return kPasses; }

}  // namespace rectifier
