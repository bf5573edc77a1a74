#include "server/engine/onednn/lowering_table.h"

#include <array>

namespace rectifier::onednn {

// In lower_conv.cc and so on; operators that share their lowering share the file.
absl::Status LowerAdd(const Node& node, ProgramBuilder& builder);
absl::Status LowerAveragePool(const Node& node, ProgramBuilder& builder);
absl::Status LowerBatchNormalization(const Node& node, ProgramBuilder& builder);
absl::Status LowerConcat(const Node& node, ProgramBuilder& builder);
absl::Status LowerConv(const Node& node, ProgramBuilder& builder);
absl::Status LowerConvTranspose(const Node& node, ProgramBuilder& builder);
absl::Status LowerGemm(const Node& node, ProgramBuilder& builder);
absl::Status LowerGlobalAveragePool(const Node& node, ProgramBuilder& builder);
absl::Status LowerIdentity(const Node& node, ProgramBuilder& builder);
absl::Status LowerMatMul(const Node& node, ProgramBuilder& builder);
absl::Status LowerMaxPool(const Node& node, ProgramBuilder& builder);
absl::Status LowerMul(const Node& node, ProgramBuilder& builder);
absl::Status LowerPad(const Node& node, ProgramBuilder& builder);
absl::Status LowerRectifier(const Node& node, ProgramBuilder& builder);
absl::Status LowerReshape(const Node& node, ProgramBuilder& builder);
absl::Status LowerSigmoid(const Node& node, ProgramBuilder& builder);
absl::Status LowerSoftmax(const Node& node, ProgramBuilder& builder);
absl::Status LowerTanh(const Node& node, ProgramBuilder& builder);
absl::Status LowerTranspose(const Node& node, ProgramBuilder& builder);

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
