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
    // operator, opsets from – to, inputs from – to, conversion
    Spelling{"Add", 1, 6, 2, 2, ConvertLegacyBinary},
    Spelling{"Add", 7, kNewest, 2, 2, ConvertUnchanged},
    Spelling{"AveragePool", 1, kNewest, 1, 1, ConvertAveragePool},
    Spelling{"BatchNormalization", 1, kNewest, 5, 5, ConvertBatchNormalization},
    Spelling{"Concat", 1, kNewest, 1, kAnyNumber, ConvertConcat},
    Spelling{"Constant", 1, kNewest, 0, 0, ConvertConstant},
    Spelling{"Conv", 1, kNewest, 2, 3, ConvertConv},
    Spelling{"ConvTranspose", 1, kNewest, 2, 3, ConvertConvTranspose},
    Spelling{"Dropout", 1, 11, 1, 1, ConvertDropout},
    Spelling{"Dropout", 12, kNewest, 1, 3, ConvertDropout},
    Spelling{"Flatten", 1, kNewest, 1, 1, ConvertFlatten},
    Spelling{"Gemm", 1, 10, 3, 3, ConvertGemm},
    Spelling{"Gemm", 11, kNewest, 2, 3, ConvertGemm},
    Spelling{"GlobalAveragePool", 1, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Identity", 1, kNewest, 1, 1, ConvertIdentity},
    Spelling{"LeakyRelu", 1, kNewest, 1, 1, ConvertLeakyRelu},
    Spelling{"MatMul", 1, kNewest, 2, 2, ConvertUnchanged},
    Spelling{"MaxPool", 1, kNewest, 1, 1, ConvertMaxPool},
    Spelling{"Mul", 1, 6, 2, 2, ConvertLegacyBinary},
    Spelling{"Mul", 7, kNewest, 2, 2, ConvertUnchanged},
    Spelling{"PRelu", 1, kNewest, 2, 2, ConvertPRelu},
    Spelling{"Pad", 1, 10, 1, 1, ConvertLegacyPad},
    Spelling{"Pad", 11, 17, 2, 3, ConvertPad},
    Spelling{"Pad", 18, kNewest, 2, 4, ConvertPad},
    Spelling{"Relu", 1, kNewest, 1, 1, ConvertRelu},
    Spelling{"Reshape", 1, 4, 1, 1, ConvertLegacyReshape},
    Spelling{"Reshape", 5, kNewest, 2, 2, ConvertReshape},
    Spelling{"Sigmoid", 1, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Softmax", 1, kNewest, 1, 1, ConvertSoftmax},
    Spelling{"Tanh", 1, kNewest, 1, 1, ConvertUnchanged},
    Spelling{"Transpose", 1, kNewest, 1, 1, ConvertTranspose},
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
