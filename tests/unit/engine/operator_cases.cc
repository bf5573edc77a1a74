#include "tests/unit/engine/operator_cases.h"

#include <array>

namespace rectifier {
namespace {

constexpr std::array kCases = {
    OperatorCases{"Add", AddCases},
    OperatorCases{"AveragePool", AveragePoolCases},
    OperatorCases{"BatchNormalization", BatchNormalizationCases},
    OperatorCases{"Concat", ConcatCases},
    OperatorCases{"Conv", ConvCases},
    OperatorCases{"ConvTranspose", ConvTransposeCases},
    OperatorCases{"Flatten", FlattenCases},
    OperatorCases{"Gemm", GemmCases},
    OperatorCases{"GlobalAveragePool", GlobalAveragePoolCases},
    OperatorCases{"Identity", IdentityCases},
    OperatorCases{"MatMul", MatMulCases},
    OperatorCases{"MaxPool", MaxPoolCases},
    OperatorCases{"Mul", MulCases},
    OperatorCases{"Pad", PadCases},
    OperatorCases{"Rectifier", RectifierCases},
    OperatorCases{"Reshape", ReshapeCases},
    OperatorCases{"Sigmoid", SigmoidCases},
    OperatorCases{"Softmax", SoftmaxCases},
    OperatorCases{"Tanh", TanhCases},
    OperatorCases{"Transpose", TransposeCases},
};

}  // namespace

std::span<const OperatorCases> AllOperatorCases() { return kCases; }

}  // namespace rectifier
