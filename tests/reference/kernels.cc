#include "tests/reference/kernels.h"

#include <array>

namespace rectifier::reference {
namespace {

struct Entry {
  std::string_view op;
  Kernel kernel;
};

constexpr std::array kKernels = {
    Entry{"Add", Add},
    Entry{"AveragePool", AveragePool},
    Entry{"BatchNormalization", BatchNormalization},
    Entry{"Concat", Concat},
    Entry{"Conv", Conv},
    Entry{"ConvTranspose", ConvTranspose},
    Entry{"Flatten", Flatten},
    Entry{"Gemm", Gemm},
    Entry{"GlobalAveragePool", GlobalAveragePool},
    Entry{"Identity", Identity},
    Entry{"MatMul", MatMul},
    Entry{"MaxPool", MaxPool},
    Entry{"Mul", Mul},
    Entry{"Pad", Pad},
    Entry{"Rectifier", Rectifier},
    Entry{"Reshape", Reshape},
    Entry{"Sigmoid", Sigmoid},
    Entry{"Softmax", Softmax},
    Entry{"Tanh", Tanh},
    Entry{"Transpose", Transpose},
};

}  // namespace

Kernel FindKernel(std::string_view op) {
  for (const Entry& entry : kKernels) {
    if (entry.op == op) return entry.kernel;
  }
  return nullptr;
}

}  // namespace rectifier::reference
