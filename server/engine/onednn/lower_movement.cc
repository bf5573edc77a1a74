// Operators that copy elements to other places.

#include <utility>

#include "server/core/status.h"
#include "server/engine/kernels/along_axis.h"
#include "server/engine/kernels/copy.h"
#include "server/engine/kernels/phases.h"
#include "server/engine/onednn/emit.h"
#include "server/engine/onednn/lowering_table.h"
#include "server/engine/onednn/program_builder.h"
#include "server/ops/depth_to_space.h"
#include "server/ops/gather.h"
#include "server/ops/slice.h"

namespace rectifier::onednn {
namespace {

// A result that lies as x does.
Operand AllocateLike(ProgramBuilder& builder, const Operand& x, const TensorType& type) {
  return builder.Allocate(Dense(DimsOf(type.shape), PhysicalOrder(x.desc), CarrierOf(type.dtype)));
}

// result[i…] = x[offset + i… · strides], over all of the result's elements, whose dimensions may be
// given in finer parts than they have.
void EmitCopy(ProgramBuilder& builder, std::string_view op, const Operand& result, const Operand& x,
              const Dims& dims, const kernels::Strides& to_strides,
              const kernels::Strides& from_strides, int64_t from_offset) {
  const int64_t size = ElementSizeOf(result.desc);
  const kernels::LoopNest<2> nest(dims, {to_strides, from_strides});
  builder.AddKernel(op, "copy", {result, x},
                    [nest, size, from_offset](std::span<std::byte* const> memory) {
                      kernels::Copy(nest, size, memory[0], memory[1] + from_offset * size);
                    });
}

// The part of x that begins at `starts` and goes on in `steps`.
Operand EmitPart(ProgramBuilder& builder, std::string_view op, const Operand& x,
                 const std::vector<SliceRange>& ranges, const TensorType& type) {
  Operand result = AllocateLike(builder, x, type);
  kernels::Strides strides = x.desc.get_strides();
  int64_t offset = 0;
  for (size_t i = 0; i < ranges.size(); ++i) {
    offset += ranges[i].start * strides[i];
    strides[i] *= ranges[i].step;
  }
  EmitCopy(builder, op, result, x, DimsOf(type.shape), result.desc.get_strides(), strides, offset);
  return result;
}

// The pixels that become neighbours lie in consecutive channels: runs of them are copied.
Operand EmitPixelShuffle(const Node& node, ProgramBuilder& builder, const Operand& x,
                         int64_t block) {
  const Shape& from = builder.shape(node.inputs[0]);
  const Shape& to = builder.shape(node.outputs[0]);
  const kernels::PhaseGather gather{from[0], from[2], from[3], block, block,
                                    to[1],   0,       0,       to[2], to[3]};
  Operand result = builder.Allocate(ChannelsLast(to));
  builder.AddKernel(node.op, "phases", {result, x}, [gather](std::span<std::byte* const> memory) {
    kernels::GatherPhases(gather, reinterpret_cast<float*>(memory[0]),
                          reinterpret_cast<const float*>(memory[1]));
  });
  return result;
}

}  // namespace

absl::Status LowerSlice(const Node& node, ProgramBuilder& builder) {
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<SliceRange> ranges,
                             ReadSlice(builder.graph(), node, builder.shape(node.inputs[0])));
  builder.Set(node.outputs[0], EmitPart(builder, node.op, builder.Get(node.inputs[0]), ranges,
                                        builder.type(node.outputs[0])));
  return absl::OkStatus();
}

absl::Status LowerSplit(const Node& node, ProgramBuilder& builder) {
  const Shape& x_shape = builder.shape(node.inputs[0]);
  RECTIFIER_ASSIGN_OR_RETURN(const int axis, SplitAxis(node, x_shape.rank()));
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<int64_t> sizes,
                             ReadSplit(builder.graph(), node, x_shape[axis]));
  const Operand x = builder.Get(node.inputs[0]);
  std::vector<SliceRange> ranges;
  for (const int64_t dim : x_shape.dims()) ranges.push_back({0, 1, dim});
  SliceRange& along = ranges[static_cast<size_t>(axis)];
  for (size_t i = 0; i < sizes.size(); along.start += sizes[i++]) {
    if (node.outputs[i] == kNoValue) continue;
    along.count = sizes[i];
    const TensorType& type = builder.type(node.outputs[i]);
    builder.Set(node.outputs[i], sizes[i] == 0 ? builder.Allocate(RowMajor(type))
                                               : EmitPart(builder, node.op, x, ranges, type));
  }
  return absl::OkStatus();
}

absl::Status LowerExpand(const Node& node, ProgramBuilder& builder) {
  const Shape& from = builder.shape(node.inputs[0]);
  const TensorType& to = builder.type(node.outputs[0]);
  const Operand x = builder.Get(node.inputs[0]);
  const Operand result = from.rank() == to.shape.rank() ? AllocateLike(builder, x, to)
                                                        : builder.Allocate(RowMajor(to));
  EmitCopy(builder, node.op, result, x, {to.shape.dims().begin(), to.shape.dims().end()},
           BroadcastStrides(result.desc, to.shape, to.shape),
           BroadcastStrides(x.desc, from, to.shape), 0);
  builder.Set(node.outputs[0], result);
  return absl::OkStatus();
}

// Every dimension of the result is two: which repetition, and where in x.
absl::Status LowerTile(const Node& node, ProgramBuilder& builder) {
  const Shape& from = builder.shape(node.inputs[0]);
  const TensorType& to = builder.type(node.outputs[0]);
  const Operand x = builder.Get(node.inputs[0]);
  const Operand result = AllocateLike(builder, x, to);
  Dims dims;
  kernels::Strides to_strides;
  kernels::Strides from_strides;
  for (int i = 0; i < from.rank(); ++i) {
    const int64_t to_stride = result.desc.get_strides()[static_cast<size_t>(i)];
    dims.insert(dims.end(), {to.shape[i] / from[i], from[i]});
    to_strides.insert(to_strides.end(), {from[i] * to_stride, to_stride});
    from_strides.insert(from_strides.end(), {0, x.desc.get_strides()[static_cast<size_t>(i)]});
  }
  EmitCopy(builder, node.op, result, x, dims, to_strides, from_strides, 0);
  builder.Set(node.outputs[0], result);
  return absl::OkStatus();
}

// Both operators move x's [N, C, H, W] between two views of 6 dimensions: (n, by, bx, c, y, x).
absl::Status LowerBlocks(const Node& node, ProgramBuilder& builder) {
  RECTIFIER_ASSIGN_OR_RETURN(const BlockAttributes attributes, BlockAttributes::Read(node));
  const bool to_space = node.op == "DepthToSpace";
  const Operand x = builder.Get(node.inputs[0]);
  const TensorType& type = builder.type(node.outputs[0]);
  if (to_space && !attributes.channels_first && type.dtype == DType::kFloat32 &&
      IsChannelsLast(x.desc)) {
    builder.Set(node.outputs[0], EmitPixelShuffle(node, builder, x, attributes.block));
    return absl::OkStatus();
  }
  const Operand result = AllocateLike(builder, x, type);
  // The side with few channels and many positions, and the other one.
  const Shape& shallow = to_space ? type.shape : builder.shape(node.inputs[0]);
  const int64_t block = attributes.block;
  const int64_t channels = shallow[1];
  const auto shallow_strides = [&](const Desc& desc) -> kernels::Strides {
    const Dims s = desc.get_strides();
    return {s[0], s[2], s[3], s[1], block * s[2], block * s[3]};
  };
  const auto deep_strides = [&](const Desc& desc) -> kernels::Strides {
    const Dims s = desc.get_strides();
    if (attributes.channels_first) {
      return {s[0], block * s[1], s[1], block * block * s[1], s[2], s[3]};
    }
    return {s[0], block * channels * s[1], channels * s[1], s[1], s[2], s[3]};
  };
  EmitCopy(builder, node.op, result, x,
           {shallow[0], block, block, channels, shallow[2] / block, shallow[3] / block},
           to_space ? shallow_strides(result.desc) : deep_strides(result.desc),
           to_space ? deep_strides(x.desc) : shallow_strides(x.desc), 0);
  builder.Set(node.outputs[0], result);
  return absl::OkStatus();
}

absl::Status LowerGather(const Node& node, ProgramBuilder& builder) {
  const Shape& shape = builder.shape(node.inputs[0]);
  RECTIFIER_ASSIGN_OR_RETURN(const GatherAttributes attributes,
                             GatherAttributes::Read(node, shape.rank()));
  kernels::AxisView view;
  for (int i = 0; i < shape.rank(); ++i) {
    (i < attributes.axis ? view.outer : i == attributes.axis ? view.size : view.inner) *= shape[i];
  }
  const Operand x = builder.GetRowMajor(node.inputs[0]);
  const Operand indices = builder.GetRowMajor(node.inputs[1]);
  const int64_t count = builder.shape(node.inputs[1]).ElementCount();
  const bool wide = builder.type(node.inputs[1]).dtype == DType::kInt64;
  const Operand result = builder.Allocate(RowMajor(builder.type(node.outputs[0])));
  const int64_t size = ElementSizeOf(result.desc);
  builder.AddKernel(node.op, "take", {result, x, indices},
                    [view, count, wide, size](std::span<std::byte* const> memory) {
                      const auto items = static_cast<size_t>(count);
                      if (wide) {
                        const std::span list(reinterpret_cast<const int64_t*>(memory[2]), items);
                        kernels::TakeAlongAxis(view, list, size, memory[0], memory[1]);
                        return;
                      }
                      const auto* narrow = reinterpret_cast<const int32_t*>(memory[2]);
                      const std::vector<int64_t> list(narrow, narrow + items);
                      kernels::TakeAlongAxis(view, list, size, memory[0], memory[1]);
                    });
  builder.Set(node.outputs[0], result);
  return absl::OkStatus();
}

Operand EmitTake(ProgramBuilder& builder, std::string_view op, const Operand& x, int axis,
                 std::vector<int64_t> indices) {
  Dims dims = x.desc.get_dims();
  const kernels::AxisView view = ViewAlong(x.desc, axis);
  dims[static_cast<size_t>(axis)] = static_cast<int64_t>(indices.size());
  Operand result = builder.Allocate(Dense(dims, PhysicalOrder(x.desc), x.desc.get_data_type()));
  const int64_t size = ElementSizeOf(x.desc);
  builder.AddKernel(op, "take", {result, x},
                    [view, size, indices = std::move(indices)](std::span<std::byte* const> memory) {
                      kernels::TakeAlongAxis(view, indices, size, memory[0], memory[1]);
                    });
  return result;
}

}  // namespace rectifier::onednn
