#include <algorithm>
#include <utility>

#include "server/core/check.h"
#include "server/core/status.h"
#include "server/engine/kernels/elementwise.h"
#include "server/engine/onednn/emit.h"
#include "server/engine/onednn/lowering_table.h"
#include "server/ops/cast.h"
#include "server/ops/elementwise.h"

namespace rectifier::onednn {
namespace {

using kernels::ElementwiseFunction;
using kernels::ElementwiseParameters;
using kernels::ElementwiseRow;

// The operand whose layout the result takes: the first of the full shape, a computed one before a
// constant; else none.
const Operand* Leading(ProgramBuilder& builder, const std::vector<ValueId>& ids,
                       const std::vector<Operand>& operands, const Shape& to) {
  const Operand* constant = nullptr;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (builder.shape(ids[i]) != to) continue;
    if (builder.graph().constant(ids[i]) == nullptr) return &operands[i];
    if (constant == nullptr) constant = &operands[i];
  }
  return constant;
}

template <size_t K>
Kernel MapKernel(ElementwiseFunction function, const ElementwiseParameters& parameters,
                 const kernels::LoopNest<K + 1>& nest, int64_t result_size,
                 const std::array<int64_t, K>& sizes) {
  return [=](std::span<std::byte* const> memory) {
    nest.ForEachRow([&](const auto& at, int64_t count, const auto& steps) {
      ElementwiseRow row;
      row.result = memory[0] + at[0] * result_size;
      row.count = count;
      row.result_step = steps[0];
      for (size_t i = 0; i < K; ++i) {
        row.operands[i] = memory[i + 1] + at[i + 1] * sizes[i];
        row.operand_steps[i] = steps[i + 1];
      }
      function(row, parameters);
    });
  };
}

template <size_t K>
Kernel MapKernelOf(ElementwiseFunction function, const ElementwiseParameters& parameters,
                   const Shape& to, const Operand& result, const std::vector<Operand>& operands,
                   const std::vector<Shape>& shapes) {
  std::array<kernels::Strides, K + 1> strides;
  std::array<int64_t, K> sizes{};
  strides[0] = BroadcastStrides(result.desc, to, to);
  for (size_t i = 0; i < K; ++i) {
    strides[i + 1] = BroadcastStrides(operands[i].desc, shapes[i], to);
    sizes[i] = ElementSizeOf(operands[i].desc);
  }
  return MapKernel<K>(function, parameters, kernels::LoopNest<K + 1>(to.dims(), strides),
                      ElementSizeOf(result.desc), sizes);
}

}  // namespace

Operand EmitMap(ProgramBuilder& builder, std::string_view op, ElementwiseFunction function,
                const ElementwiseParameters& parameters, const std::vector<ValueId>& ids,
                const TensorType& to) {
  RECTIFIER_CHECK(function != nullptr);
  std::vector<Operand> operands;
  std::vector<Shape> shapes;
  for (const ValueId id : ids) {
    operands.push_back(builder.Get(id));
    shapes.push_back(builder.shape(id));
  }
  const DataType carrier = CarrierOf(to.dtype);
  const Operand* leading = Leading(builder, ids, operands, to.shape);
  const Desc layout = leading == nullptr
                          ? RowMajor(to)
                          : Dense(DimsOf(to.shape), PhysicalOrder(leading->desc), carrier);
  // Every element is read before its place is written, so an operand that lies likewise may be
  // written over.
  const auto over = std::find_if(operands.begin(), operands.end(), [&](const Operand& operand) {
    return SameLayout(operand.desc, layout) && builder.MayOverwrite(operand);
  });
  Operand result = over != operands.end() ? *over : builder.Allocate(layout);
  Kernel kernel;
  if (ids.size() == 1) {
    kernel = MapKernelOf<1>(function, parameters, to.shape, result, operands, shapes);
  } else if (ids.size() == 2) {
    kernel = MapKernelOf<2>(function, parameters, to.shape, result, operands, shapes);
  } else {
    kernel = MapKernelOf<3>(function, parameters, to.shape, result, operands, shapes);
  }
  operands.insert(operands.begin(), result);
  builder.AddKernel(op, "map", operands, std::move(kernel));
  return result;
}

// Whatever oneDNN has no primitive for, or one that makes a number of NaN.
absl::Status LowerElementwise(const Node& node, ProgramBuilder& builder) {
  RECTIFIER_ASSIGN_OR_RETURN(const ElementwiseAttributes attributes,
                             ElementwiseAttributes::Read(node));
  // Where's first operand is the condition.
  const DType dtype = builder.type(node.inputs[node.op == "Where" ? 1 : 0]).dtype;
  const ElementwiseFunction function = kernels::FindElementwise(node.op, dtype);
  if (function == nullptr) {
    return Unimplemented(Place(node), "cannot be computed of {}", Name(dtype));
  }
  builder.Set(node.outputs[0],
              EmitMap(builder, node.op, function, {attributes.alpha, attributes.beta}, node.inputs,
                      builder.type(node.outputs[0])));
  return absl::OkStatus();
}

absl::Status LowerCast(const Node& node, ProgramBuilder& builder) {
  const DType from = builder.type(node.inputs[0]).dtype;
  const TensorType& to = builder.type(node.outputs[0]);
  if (from == to.dtype) {
    builder.Set(node.outputs[0], builder.Get(node.inputs[0]));
    return absl::OkStatus();
  }
  const ElementwiseFunction function = kernels::FindCast(from, to.dtype);
  if (function == nullptr) {
    return Unimplemented(Place(node), "{} cannot be cast to {}", Name(from), Name(to.dtype));
  }
  builder.Set(node.outputs[0], EmitMap(builder, node.op, function, {}, node.inputs, to));
  return absl::OkStatus();
}

absl::Status LowerClip(const Node& node, ProgramBuilder& builder) {
  const ValueId x = node.inputs[0];
  const TensorType& type = builder.type(x);
  // Bounds of f32 that are constants go into the loop; others are operands of a Max and a Min.
  const auto bound = [&](size_t i) { return i < node.inputs.size() ? node.inputs[i] : kNoValue; };
  const auto in_loop = [&](ValueId id) {
    return id == kNoValue || builder.graph().constant(id) != nullptr;
  };
  const auto number = [&](ValueId id, float otherwise) {
    return id == kNoValue ? otherwise : builder.graph().constant(id)->data<float>()[0];
  };
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  if (type.dtype == DType::kFloat32 && in_loop(bound(1)) && in_loop(bound(2))) {
    const ElementwiseParameters bounds{number(bound(1), -kInfinity), number(bound(2), kInfinity)};
    builder.Set(
        node.outputs[0],
        EmitMap(builder, node.op, kernels::FindElementwise("Clip", type.dtype), bounds, {x}, type));
    return absl::OkStatus();
  }
  Operand result = builder.Get(x);
  for (const auto& [id, op] : {std::pair{bound(1), "Max"}, std::pair{bound(2), "Min"}}) {
    if (id == kNoValue) continue;
    const Operand limit = builder.Get(id);
    const Operand to = builder.Allocate(result.desc);
    builder.AddKernel(node.op, "map", {to, result, limit},
                      MapKernelOf<2>(kernels::FindElementwise(op, type.dtype), {}, type.shape, to,
                                     {result, limit}, {type.shape, Shape{}}));
    result = to;
  }
  builder.Set(node.outputs[0], result);
  return absl::OkStatus();
}

}  // namespace rectifier::onednn
