#include "server/import/onnx/spellings.h"

#include <array>

#include "server/core/status.h"
#include "server/import/onnx/conversions.h"
#include "server/ops/operator_table.h"

namespace rectifier {
namespace {

constexpr int kNewest = kNewestOpset;

// Versions in between that only add element types, or attributes that their conversion reads, have
// no row of their own.
constexpr std::array kSpellings = {
    // operator, opsets from – to, inputs from – to, conversion, outputs when there may be several
    Spelling{"Abs", 1, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Acos", 7, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Acosh", 9, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Add", 1, 6, 2, 2, ConvertLegacyBinary},
    Spelling{"Add", 7, kNewest, 2, 2, ConvertUnchanged},
    Spelling{"And", 1, 6, 2, 2, ConvertLegacyBinary},
    Spelling{"And", 7, kNewest, 2, 2, ConvertUnchanged},
    Spelling{"ArgMax", 1, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"ArgMin", 1, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Asin", 7, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Asinh", 9, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Atan", 7, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Atanh", 9, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"AveragePool", 1, kNewest, 1, 1, ConvertAveragePool},
    Spelling{"BatchNormalization", 1, kNewest, 5, 5, ConvertBatchNormalization},
    Spelling{"Cast", 1, kNewest, 1, 1, ConvertCast},
    Spelling{"CastLike", 15, kNewest, 2, 2, ConvertCastLike},
    Spelling{"Ceil", 1, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Celu", 12, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Clip", 1, 10, 1, 1, ConvertLegacyClip},
    Spelling{"Clip", 11, kNewest, 1, 3, ConvertUnchanged},
    Spelling{"Concat", 1, kNewest, 1, kAnyNumber, ConvertConcat},
    Spelling{"Constant", 1, kNewest, 0, 0, ConvertConstant},
    Spelling{"ConstantOfShape", 9, kNewest, 1, 1, ConvertConstantOfShape},
    Spelling{"Conv", 1, kNewest, 2, 3, ConvertConv},
    Spelling{"ConvTranspose", 1, kNewest, 2, 3, ConvertConvTranspose},
    Spelling{"Cos", 7, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Cosh", 9, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"DepthToSpace", 1, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Div", 1, 6, 2, 2, ConvertLegacyBinary},
    Spelling{"Div", 7, kNewest, 2, 2, ConvertUnchanged},
    Spelling{"Dropout", 1, 11, 1, 1, ConvertDropout, 2},
    Spelling{"Dropout", 12, kNewest, 1, 3, ConvertDropout, 2},
    Spelling{"Elu", 1, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Equal", 1, 6, 2, 2, ConvertLegacyBinary},
    Spelling{"Equal", 7, kNewest, 2, 2, ConvertUnchanged},
    Spelling{"Erf", 9, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Exp", 1, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Expand", 8, kNewest, 2, 2, ConvertUnchanged},
    Spelling{"Flatten", 1, kNewest, 1, 1, ConvertFlatten},
    Spelling{"Floor", 1, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Gather", 1, kNewest, 2, 2, ConvertUnchanged},
    Spelling{"Gelu", 20, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Gemm", 1, 10, 3, 3, ConvertGemm},
    Spelling{"Gemm", 11, kNewest, 2, 3, ConvertGemm},
    Spelling{"GlobalAveragePool", 1, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"GlobalLpPool", 1, kNewest, 1, 1, ConvertGlobalPool},
    Spelling{"GlobalMaxPool", 1, kNewest, 1, 1, ConvertGlobalPool},
    Spelling{"Greater", 1, 6, 2, 2, ConvertLegacyBinary},
    Spelling{"Greater", 7, kNewest, 2, 2, ConvertUnchanged},
    Spelling{"GreaterOrEqual", 12, kNewest, 2, 2, ConvertUnchanged},
    Spelling{"GroupNormalization", 18, kNewest, 3, 3, ConvertUnchanged},
    Spelling{"HardSigmoid", 1, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"HardSwish", 14, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Identity", 1, kNewest, 1, 1, ConvertIdentity},
    Spelling{"If", 1, kNewest, 1, 1, ConvertIf, kAnyNumber},
    Spelling{"InstanceNormalization", 1, kNewest, 3, 3, ConvertUnchanged},
    Spelling{"LRN", 1, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"LayerNormalization", 17, kNewest, 2, 3, ConvertLayerNormalization, 3},
    Spelling{"LeakyRelu", 1, kNewest, 1, 1, ConvertLeakyRelu},
    Spelling{"Less", 1, 6, 2, 2, ConvertLegacyBinary},
    Spelling{"Less", 7, kNewest, 2, 2, ConvertUnchanged},
    Spelling{"LessOrEqual", 12, kNewest, 2, 2, ConvertUnchanged},
    Spelling{"Log", 1, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"LogSoftmax", 1, kNewest, 1, 1, ConvertSoftmax},
    Spelling{"LpPool", 1, kNewest, 1, 1, ConvertLpPool},
    Spelling{"MatMul", 1, kNewest, 2, 2, ConvertUnchanged},
    Spelling{"Max", 1, kNewest, 1, kAnyNumber, ConvertVariadic},
    Spelling{"MaxPool", 1, kNewest, 1, 1, ConvertMaxPool},
    Spelling{"Mean", 1, kNewest, 1, kAnyNumber, ConvertVariadic},
    Spelling{"Min", 1, kNewest, 1, kAnyNumber, ConvertVariadic},
    Spelling{"Mish", 18, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Mod", 10, kNewest, 2, 2, ConvertUnchanged},
    Spelling{"Mul", 1, 6, 2, 2, ConvertLegacyBinary},
    Spelling{"Mul", 7, kNewest, 2, 2, ConvertUnchanged},
    Spelling{"Neg", 1, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"NonZero", 9, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Not", 1, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Or", 1, 6, 2, 2, ConvertLegacyBinary},
    Spelling{"Or", 7, kNewest, 2, 2, ConvertUnchanged},
    Spelling{"PRelu", 1, kNewest, 2, 2, ConvertPRelu},
    Spelling{"Pad", 1, 10, 1, 1, ConvertLegacyPad},
    Spelling{"Pad", 11, 17, 2, 3, ConvertPad},
    Spelling{"Pad", 18, kNewest, 2, 4, ConvertPad},
    Spelling{"Pow", 1, 6, 2, 2, ConvertLegacyBinary},
    Spelling{"Pow", 7, kNewest, 2, 2, ConvertPow},
    Spelling{"Range", 11, kNewest, 3, 3, ConvertUnchanged},
    Spelling{"Reciprocal", 1, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"ReduceL1", 1, 17, 1, 1, ConvertLegacyAxes},
    Spelling{"ReduceL1", 18, kNewest, 1, 2, ConvertUnchanged},
    Spelling{"ReduceL2", 1, 17, 1, 1, ConvertLegacyAxes},
    Spelling{"ReduceL2", 18, kNewest, 1, 2, ConvertUnchanged},
    Spelling{"ReduceLogSum", 1, 17, 1, 1, ConvertLegacyAxes},
    Spelling{"ReduceLogSum", 18, kNewest, 1, 2, ConvertUnchanged},
    Spelling{"ReduceLogSumExp", 1, 17, 1, 1, ConvertLegacyAxes},
    Spelling{"ReduceLogSumExp", 18, kNewest, 1, 2, ConvertUnchanged},
    Spelling{"ReduceMax", 1, 17, 1, 1, ConvertLegacyAxes},
    Spelling{"ReduceMax", 18, kNewest, 1, 2, ConvertUnchanged},
    Spelling{"ReduceMean", 1, 17, 1, 1, ConvertLegacyAxes},
    Spelling{"ReduceMean", 18, kNewest, 1, 2, ConvertUnchanged},
    Spelling{"ReduceMin", 1, 17, 1, 1, ConvertLegacyAxes},
    Spelling{"ReduceMin", 18, kNewest, 1, 2, ConvertUnchanged},
    Spelling{"ReduceProd", 1, 17, 1, 1, ConvertLegacyAxes},
    Spelling{"ReduceProd", 18, kNewest, 1, 2, ConvertUnchanged},
    Spelling{"ReduceSum", 1, 12, 1, 1, ConvertLegacyAxes},
    Spelling{"ReduceSum", 13, kNewest, 1, 2, ConvertUnchanged},
    Spelling{"ReduceSumSquare", 1, 17, 1, 1, ConvertLegacyAxes},
    Spelling{"ReduceSumSquare", 18, kNewest, 1, 2, ConvertUnchanged},
    Spelling{"Relu", 1, kNewest, 1, 1, ConvertRelu},
    Spelling{"Reshape", 1, 4, 1, 1, ConvertLegacyReshape},
    Spelling{"Reshape", 5, kNewest, 2, 2, ConvertReshape},
    Spelling{"Resize", 10, 10, 2, 2, ConvertResize},
    Spelling{"Resize", 11, kNewest, 1, 4, ConvertResize},
    Spelling{"Round", 11, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Selu", 1, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Shape", 1, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Sigmoid", 1, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Sign", 9, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Sin", 7, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Sinh", 9, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Size", 1, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Slice", 1, 9, 1, 1, ConvertLegacySlice},
    Spelling{"Slice", 10, kNewest, 3, 5, ConvertUnchanged},
    Spelling{"Softmax", 1, kNewest, 1, 1, ConvertSoftmax},
    Spelling{"Softplus", 1, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Softsign", 1, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"SpaceToDepth", 1, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Split", 1, 1, 1, 2, ConvertSplit, kAnyNumber},
    Spelling{"Split", 2, 12, 1, 1, ConvertSplit, kAnyNumber},
    Spelling{"Split", 13, kNewest, 1, 2, ConvertSplit, kAnyNumber},
    Spelling{"Sqrt", 1, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Squeeze", 1, 12, 1, 1, ConvertLegacyAxes},
    Spelling{"Squeeze", 13, kNewest, 1, 2, ConvertUnchanged},
    Spelling{"Sub", 1, 6, 2, 2, ConvertLegacyBinary},
    Spelling{"Sub", 7, kNewest, 2, 2, ConvertUnchanged},
    Spelling{"Sum", 1, kNewest, 1, kAnyNumber, ConvertVariadic},
    Spelling{"Tan", 7, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Tanh", 1, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"ThresholdedRelu", 10, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Tile", 6, kNewest, 2, 2, ConvertUnchanged},
    Spelling{"Transpose", 1, kNewest, 1, 1, ConvertTranspose},
    Spelling{"Unsqueeze", 1, 12, 1, 1, ConvertLegacyAxes},
    Spelling{"Unsqueeze", 13, kNewest, 2, 2, ConvertUnchanged},
    Spelling{"Upsample", 1, 8, 1, 1, ConvertUpsample},
    Spelling{"Upsample", 9, 9, 2, 2, ConvertUpsample},
    Spelling{"Where", 9, kNewest, 3, 3, ConvertUnchanged},
    Spelling{"Xor", 1, 6, 2, 2, ConvertLegacyBinary},
    Spelling{"Xor", 7, kNewest, 2, 2, ConvertUnchanged},
};

}  // namespace

std::span<const Spelling> Spellings() { return kSpellings; }

absl::StatusOr<const Spelling*> FindSpelling(std::string_view place, std::string_view op_type,
                                             int opset) {
  bool known = false;
  for (const Spelling& spelling : kSpellings) {
    if (spelling.op_type != op_type) continue;
    if (spelling.first_opset <= opset && opset <= spelling.last_opset) return &spelling;
    known = true;
  }
  if (known) {
    return Unimplemented(place, "the operator {} of opset {} is not supported", op_type, opset);
  }
  return Unimplemented(place, "the operator {} is not supported", op_type);
}

}  // namespace rectifier
