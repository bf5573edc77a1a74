#include "server/ops/operator_table.h"

#include <algorithm>
#include <array>

#include "server/ops/average_pool.h"
#include "server/ops/batch_normalization.h"
#include "server/ops/cast.h"
#include "server/ops/concat.h"
#include "server/ops/conv.h"
#include "server/ops/conv_transpose.h"
#include "server/ops/depth_to_space.h"
#include "server/ops/elementwise.h"
#include "server/ops/expand.h"
#include "server/ops/flatten.h"
#include "server/ops/gather.h"
#include "server/ops/gemm.h"
#include "server/ops/global_average_pool.h"
#include "server/ops/group_normalization.h"
#include "server/ops/local_response_normalization.h"
#include "server/ops/lp_pool.h"
#include "server/ops/matmul.h"
#include "server/ops/max_pool.h"
#include "server/ops/pad.h"
#include "server/ops/range.h"
#include "server/ops/rectifier.h"
#include "server/ops/reduce.h"
#include "server/ops/reshape.h"
#include "server/ops/resize.h"
#include "server/ops/shape_of.h"
#include "server/ops/slice.h"
#include "server/ops/softmax.h"
#include "server/ops/squeeze.h"
#include "server/ops/transpose.h"

namespace rectifier {
namespace {

constexpr std::array kOperators = {
    // name, inputs from – to, outputs, inference
    Operator{"Abs", 1, 1, 1, InferNumericUnary},
    Operator{"Acos", 1, 1, 1, InferFloatUnary},
    Operator{"Acosh", 1, 1, 1, InferFloatUnary},
    Operator{"Add", 2, 2, 1, InferNumericBinary},
    Operator{"And", 2, 2, 1, InferLogical},
    Operator{"ArgMax", 1, 1, 1, InferArgReduce},
    Operator{"ArgMin", 1, 1, 1, InferArgReduce},
    Operator{"Asin", 1, 1, 1, InferFloatUnary},
    Operator{"Asinh", 1, 1, 1, InferFloatUnary},
    Operator{"Atan", 1, 1, 1, InferFloatUnary},
    Operator{"Atanh", 1, 1, 1, InferFloatUnary},
    Operator{"AveragePool", 1, 1, 1, InferAveragePool},
    Operator{"BatchNormalization", 5, 5, 1, InferBatchNormalization},
    Operator{"Cast", 1, 1, 1, InferCast},
    Operator{"Ceil", 1, 1, 1, InferFloatUnary},
    Operator{"Celu", 1, 1, 1, InferFloatUnary},
    Operator{"Clip", 1, 3, 1, InferClip},
    Operator{"Concat", 1, kAnyNumber, 1, InferConcat},
    Operator{"Conv", 2, 3, 1, InferConv},
    Operator{"ConvTranspose", 2, 3, 1, InferConvTranspose},
    Operator{"Cos", 1, 1, 1, InferFloatUnary},
    Operator{"Cosh", 1, 1, 1, InferFloatUnary},
    Operator{"DepthToSpace", 1, 1, 1, InferDepthToSpace},
    Operator{"Div", 2, 2, 1, InferNumericBinary},
    Operator{"Elu", 1, 1, 1, InferFloatUnary},
    Operator{"Equal", 2, 2, 1, InferComparison},
    Operator{"Erf", 1, 1, 1, InferFloatUnary},
    Operator{"Exp", 1, 1, 1, InferFloatUnary},
    Operator{"Expand", 2, 2, 1, InferExpand},
    Operator{"Flatten", 1, 1, 1, InferFlatten},
    Operator{"Floor", 1, 1, 1, InferFloatUnary},
    Operator{"Gather", 2, 2, 1, InferGather},
    Operator{"Gelu", 1, 1, 1, InferFloatUnary},
    Operator{"Gemm", 2, 3, 1, InferGemm},
    Operator{"GlobalAveragePool", 1, 1, 1, InferGlobalAveragePool},
    Operator{"Greater", 2, 2, 1, InferComparison},
    Operator{"GreaterOrEqual", 2, 2, 1, InferComparison},
    Operator{"GroupNormalization", 3, 3, 1, InferGroupNormalization},
    Operator{"HardSigmoid", 1, 1, 1, InferFloatUnary},
    Operator{"HardSwish", 1, 1, 1, InferFloatUnary},
    Operator{"Identity", 1, 1, 1, InferIdentity},
    Operator{"InstanceNormalization", 3, 3, 1, InferGroupNormalization},
    Operator{"LRN", 1, 1, 1, InferLrn},
    Operator{"LayerNormalization", 2, 3, 3, InferLayerNormalization},
    Operator{"Less", 2, 2, 1, InferComparison},
    Operator{"LessOrEqual", 2, 2, 1, InferComparison},
    Operator{"Log", 1, 1, 1, InferFloatUnary},
    Operator{"LogSoftmax", 1, 1, 1, InferSoftmax},
    Operator{"LpPool", 1, 1, 1, InferLpPool},
    Operator{"MatMul", 2, 2, 1, InferMatMul},
    Operator{"Max", 2, 2, 1, InferNumericBinary},
    Operator{"MaxPool", 1, 1, 1, InferMaxPool},
    Operator{"Min", 2, 2, 1, InferNumericBinary},
    Operator{"Mish", 1, 1, 1, InferFloatUnary},
    Operator{"Mod", 2, 2, 1, InferNumericBinary},
    Operator{"Mul", 2, 2, 1, InferNumericBinary},
    Operator{"Neg", 1, 1, 1, InferNumericUnary},
    Operator{"NonZero", 1, 1, 1, InferNonZero},
    Operator{"Not", 1, 1, 1, InferNot},
    Operator{"Or", 2, 2, 1, InferLogical},
    Operator{"Pad", 2, 4, 1, InferPad},
    Operator{"Pow", 2, 2, 1, InferNumericBinary},
    Operator{"Range", 3, 3, 1, InferRange},
    Operator{"Reciprocal", 1, 1, 1, InferFloatUnary},
    Operator{"Rectifier", 2, 2, 1, InferRectifier},
    Operator{"ReduceL1", 1, 2, 1, InferReduce},
    Operator{"ReduceL2", 1, 2, 1, InferReduce},
    Operator{"ReduceLogSum", 1, 2, 1, InferReduce},
    Operator{"ReduceLogSumExp", 1, 2, 1, InferReduce},
    Operator{"ReduceMax", 1, 2, 1, InferReduce},
    Operator{"ReduceMean", 1, 2, 1, InferReduce},
    Operator{"ReduceMin", 1, 2, 1, InferReduce},
    Operator{"ReduceProd", 1, 2, 1, InferReduce},
    Operator{"ReduceSum", 1, 2, 1, InferReduce},
    Operator{"ReduceSumSquare", 1, 2, 1, InferReduce},
    Operator{"Reshape", 2, 2, 1, InferReshape},
    Operator{"Resize", 1, 4, 1, InferResize},
    Operator{"Round", 1, 1, 1, InferFloatUnary},
    Operator{"Selu", 1, 1, 1, InferFloatUnary},
    Operator{"Shape", 1, 1, 1, InferShape},
    Operator{"Sigmoid", 1, 1, 1, InferFloatUnary},
    Operator{"Sign", 1, 1, 1, InferNumericUnary},
    Operator{"Sin", 1, 1, 1, InferFloatUnary},
    Operator{"Sinh", 1, 1, 1, InferFloatUnary},
    Operator{"Size", 1, 1, 1, InferSize},
    Operator{"Slice", 3, 5, 1, InferSlice},
    Operator{"Softmax", 1, 1, 1, InferSoftmax},
    Operator{"Softplus", 1, 1, 1, InferFloatUnary},
    Operator{"Softsign", 1, 1, 1, InferFloatUnary},
    Operator{"SpaceToDepth", 1, 1, 1, InferSpaceToDepth},
    Operator{"Split", 1, 2, kAnyNumber, InferSplit},
    Operator{"Sqrt", 1, 1, 1, InferFloatUnary},
    Operator{"Squeeze", 1, 2, 1, InferSqueeze},
    Operator{"Sub", 2, 2, 1, InferNumericBinary},
    Operator{"Tan", 1, 1, 1, InferFloatUnary},
    Operator{"Tanh", 1, 1, 1, InferFloatUnary},
    Operator{"ThresholdedRelu", 1, 1, 1, InferFloatUnary},
    Operator{"Tile", 2, 2, 1, InferTile},
    Operator{"Transpose", 1, 1, 1, InferTranspose},
    Operator{"Unsqueeze", 2, 2, 1, InferUnsqueeze},
    Operator{"Where", 3, 3, 1, InferWhere},
    Operator{"Xor", 2, 2, 1, InferLogical},
};

}  // namespace

std::span<const Operator> OperatorTable() { return kOperators; }

const Operator* FindOperator(std::string_view name) {
  for (const Operator& op : kOperators) {
    if (op.name == name) return &op;
  }
  return nullptr;
}

bool IsElementwise(const Operator& op) {
  constexpr std::array kElementwise = {InferFloatUnary,    InferNumericUnary, InferNot,
                                       InferNumericBinary, InferComparison,   InferLogical,
                                       InferWhere};
  return std::find(kElementwise.begin(), kElementwise.end(), op.infer) != kElementwise.end();
}

}  // namespace rectifier
