#include <utility>

#include "server/core/check.h"
#include "server/core/status.h"
#include "server/engine/kernels/reduce.h"
#include "server/engine/onednn/lowering_table.h"
#include "server/engine/onednn/program_builder.h"
#include "server/ops/reduce.h"

namespace rectifier::onednn {
namespace {

// A loop that reads x and writes the node's result, row-major.
absl::Status Emit(const Node& node, ProgramBuilder& builder, const Operand& x, Kernel kernel) {
  const Operand result = builder.Allocate(RowMajor(builder.type(node.outputs[0])));
  builder.AddKernel(node.op, "reduce", {result, x}, std::move(kernel));
  builder.Set(node.outputs[0], result);
  return absl::OkStatus();
}

}  // namespace

// A loop, because oneDNN's reduction adds in another order for other batches.
absl::Status LowerReduce(const Node& node, ProgramBuilder& builder) {
  const TensorType& type = builder.type(node.inputs[0]);
  RECTIFIER_ASSIGN_OR_RETURN(const ReduceArguments arguments,
                             ReadReduce(builder.graph(), node, type.shape.rank()));
  const Operand x = builder.Get(node.inputs[0]);
  const Dims strides = x.desc.get_strides();
  kernels::Reduction reduction;
  for (int i = 0; i < type.shape.rank(); ++i) {
    const auto axis = static_cast<size_t>(i);
    const bool reduced = arguments.reduced[axis];
    (reduced ? reduction.reduced : reduction.kept).push_back(type.shape[i]);
    (reduced ? reduction.reduced_strides : reduction.kept_strides).push_back(strides[axis]);
  }
  const kernels::ReduceFunction reduce = kernels::FindReduction(node.op, type.dtype);
  RECTIFIER_CHECK(reduce != nullptr);
  return Emit(node, builder, x, [reduction, reduce](std::span<std::byte* const> memory) {
    reduce(reduction, memory[0], memory[1]);
  });
}

absl::Status LowerArgReduce(const Node& node, ProgramBuilder& builder) {
  const TensorType& type = builder.type(node.inputs[0]);
  RECTIFIER_ASSIGN_OR_RETURN(const ArgReduceAttributes attributes,
                             ArgReduceAttributes::Read(node, type.shape.rank()));
  const Operand x = builder.Get(node.inputs[0]);
  const Dims strides = x.desc.get_strides();
  kernels::ArgReduction reduction;
  reduction.largest = node.op == "ArgMax";
  reduction.last = attributes.last;
  for (int i = 0; i < type.shape.rank(); ++i) {
    const auto axis = static_cast<size_t>(i);
    if (i == attributes.axis) {
      reduction.count = type.shape[i];
      reduction.stride = strides[axis];
    } else {
      reduction.kept.push_back(type.shape[i]);
      reduction.kept_strides.push_back(strides[axis]);
    }
  }
  const kernels::ArgReduceFunction reduce = kernels::FindArgReduction(type.dtype);
  RECTIFIER_CHECK(reduce != nullptr);
  return Emit(node, builder, x, [reduction, reduce](std::span<std::byte* const> memory) {
    reduce(reduction, memory[0], memory[1]);
  });
}

}  // namespace rectifier::onednn
