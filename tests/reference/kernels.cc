#include "tests/reference/kernels.h"

#include <array>

namespace rectifier::reference {
namespace {

// A kernel of an operator that has one output.
template <Array (*kernel)(const Node& node, Inputs inputs)>
std::vector<Array> Only(const Node& node, Inputs inputs) {
  return {kernel(node, inputs)};
}

struct Entry {
  std::string_view op;
  Kernel kernel;
};

// Without those that have a formula.
constexpr std::array kKernels = {
    Entry{"ArgMax", Only<ArgReduce>},
    Entry{"ArgMin", Only<ArgReduce>},
    Entry{"AveragePool", Only<AveragePool>},
    Entry{"BatchNormalization", Only<BatchNormalization>},
    Entry{"Cast", Only<Cast>},
    Entry{"Clip", Only<Clip>},
    Entry{"Concat", Only<Concat>},
    Entry{"Conv", Only<Conv>},
    Entry{"ConvTranspose", Only<ConvTranspose>},
    Entry{"DepthToSpace", Only<DepthToSpace>},
    Entry{"Expand", Only<Expand>},
    Entry{"Flatten", Only<Flatten>},
    Entry{"Gather", Only<Gather>},
    Entry{"Gemm", Only<Gemm>},
    Entry{"GlobalAveragePool", Only<GlobalAveragePool>},
    Entry{"GroupNormalization", Only<GroupNormalization>},
    Entry{"InstanceNormalization", Only<InstanceNormalization>},
    Entry{"LRN", Only<Lrn>},
    Entry{"LayerNormalization", LayerNormalization},
    Entry{"LogSoftmax", Only<LogSoftmax>},
    Entry{"LpPool", Only<LpPool>},
    Entry{"MatMul", Only<MatMul>},
    Entry{"MaxPool", Only<MaxPool>},
    Entry{"NonZero", Only<NonZero>},
    Entry{"Pad", Only<Pad>},
    Entry{"Range", Only<Range>},
    Entry{"ReduceL1", Only<Reduce>},
    Entry{"ReduceL2", Only<Reduce>},
    Entry{"ReduceLogSum", Only<Reduce>},
    Entry{"ReduceLogSumExp", Only<Reduce>},
    Entry{"ReduceMax", Only<Reduce>},
    Entry{"ReduceMean", Only<Reduce>},
    Entry{"ReduceMin", Only<Reduce>},
    Entry{"ReduceProd", Only<Reduce>},
    Entry{"ReduceSum", Only<Reduce>},
    Entry{"ReduceSumSquare", Only<Reduce>},
    Entry{"Reshape", Only<Reshape>},
    Entry{"Resize", Only<Resize>},
    Entry{"Shape", Only<ShapeOf>},
    Entry{"Size", Only<Size>},
    Entry{"Slice", Only<Slice>},
    Entry{"Softmax", Only<Softmax>},
    Entry{"SpaceToDepth", Only<SpaceToDepth>},
    Entry{"Split", Split},
    Entry{"Squeeze", Only<Squeeze>},
    Entry{"Tile", Only<Tile>},
    Entry{"Transpose", Only<Transpose>},
    Entry{"Unsqueeze", Only<Unsqueeze>},
    Entry{"Where", Only<Where>},
};

}  // namespace

Kernel FindKernel(std::string_view op) {
  if (HasFormula(op)) return Only<Elementwise>;
  for (const Entry& entry : kKernels) {
    if (entry.op == op) return entry.kernel;
  }
  return nullptr;
}

}  // namespace rectifier::reference
