#include "server/ops/operator_table.h"

#include <array>

#include "server/ops/average_pool.h"
#include "server/ops/batch_normalization.h"
#include "server/ops/concat.h"
#include "server/ops/conv.h"
#include "server/ops/conv_transpose.h"
#include "server/ops/elementwise.h"
#include "server/ops/flatten.h"
#include "server/ops/gemm.h"
#include "server/ops/global_average_pool.h"
#include "server/ops/matmul.h"
#include "server/ops/max_pool.h"
#include "server/ops/pad.h"
#include "server/ops/rectifier.h"
#include "server/ops/reshape.h"
#include "server/ops/softmax.h"
#include "server/ops/transpose.h"

namespace rectifier {
namespace {

constexpr std::array kOperators = {
    // name, inputs from – to, outputs, inference
    Operator{"Add", 2, 2, 1, InferBinary},
    Operator{"AveragePool", 1, 1, 1, InferAveragePool},
    Operator{"BatchNormalization", 5, 5, 1, InferBatchNormalization},
    Operator{"Concat", 1, kAnyNumber, 1, InferConcat},
    Operator{"Conv", 2, 3, 1, InferConv},
    Operator{"ConvTranspose", 2, 3, 1, InferConvTranspose},
    Operator{"Flatten", 1, 1, 1, InferFlatten},
    Operator{"Gemm", 2, 3, 1, InferGemm},
    Operator{"GlobalAveragePool", 1, 1, 1, InferGlobalAveragePool},
    Operator{"Identity", 1, 1, 1, InferIdentity},
    Operator{"MatMul", 2, 2, 1, InferMatMul},
    Operator{"MaxPool", 1, 1, 1, InferMaxPool},
    Operator{"Mul", 2, 2, 1, InferBinary},
    Operator{"Pad", 2, 3, 1, InferPad},
    Operator{"Rectifier", 2, 2, 1, InferRectifier},
    Operator{"Reshape", 2, 2, 1, InferReshape},
    Operator{"Sigmoid", 1, 1, 1, InferUnary},
    Operator{"Softmax", 1, 1, 1, InferSoftmax},
    Operator{"Tanh", 1, 1, 1, InferUnary},
    Operator{"Transpose", 1, 1, 1, InferTranspose},
};

}  // namespace

std::span<const Operator> OperatorTable() { return kOperators; }

const Operator* FindOperator(std::string_view name) {
  for (const Operator& op : kOperators) {
    if (op.name == name) return &op;
  }
  return nullptr;
}

}  // namespace rectifier
