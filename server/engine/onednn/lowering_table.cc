#include "server/engine/onednn/lowering_table.h"

#include <array>

namespace rectifier::onednn {

namespace {

constexpr std::array kLowerings = {
    Lowering{"Add", LowerAdd},
    Lowering{"AveragePool", LowerAveragePool},
    Lowering{"BatchNormalization", LowerBatchNormalization},
    Lowering{"Concat", LowerConcat},
    Lowering{"Conv", LowerConv},
    Lowering{"ConvTranspose", LowerConvTranspose},
    Lowering{"Flatten", LowerReshape},
    Lowering{"Gemm", LowerGemm},
    Lowering{"GlobalAveragePool", LowerGlobalAveragePool},
    Lowering{"Identity", LowerIdentity},
    Lowering{"MatMul", LowerMatMul},
    Lowering{"MaxPool", LowerMaxPool},
    Lowering{"Mul", LowerMul},
    Lowering{"Pad", LowerPad},
    Lowering{"Rectifier", LowerRectifier},
    Lowering{"Reshape", LowerReshape},
    Lowering{"Sigmoid", LowerSigmoid},
    Lowering{"Softmax", LowerSoftmax},
    Lowering{"Tanh", LowerTanh},
    Lowering{"Transpose", LowerTranspose},
};

}  // namespace

std::span<const Lowering> LoweringTable() { return kLowerings; }

}  // namespace rectifier::onednn
