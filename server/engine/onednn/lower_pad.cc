#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "server/core/check.h"
#include "server/core/status.h"
#include "server/engine/kernels/copy.h"
#include "server/engine/kernels/pad.h"
#include "server/engine/onednn/emit.h"
#include "server/engine/onednn/lowering_table.h"
#include "server/engine/onednn/program_builder.h"
#include "server/ops/infer_types.h"
#include "server/ops/pad.h"

namespace rectifier::onednn {
namespace {

// Fills `to` with the one element of `value`, or with 0.
void EmitFill(ProgramBuilder& builder, const Operand& to, ValueId value) {
  const int64_t size = ElementSizeOf(to.desc);
  const int64_t count = static_cast<int64_t>(to.desc.get_size()) / size;
  if (value == kNoValue) {
    builder.AddKernel("Fill", "fill", {to}, [size, count](std::span<std::byte* const> memory) {
      std::fill_n(memory[0], count * size, std::byte{0});
    });
    return;
  }
  builder.AddKernel("Fill", "fill", {to, builder.Get(value)},
                    [size, count](std::span<std::byte* const> memory) {
                      kernels::Fill(memory[0], count, size, memory[1]);
                    });
}

// `x` is channels-last; in one pass.
Operand EmitSpatialPad(ProgramBuilder& builder, const Operand& x, std::span<const int64_t> begin,
                       std::span<const int64_t> end, float value) {
  const Dims from = x.desc.get_dims();
  Dims to = from;
  kernels::Padding padding{from[0], from[1], {1, 1, 1}, {1, 1, 1}, {}};
  const size_t missing = padding.input.size() - begin.size();
  for (size_t i = 0; i < begin.size(); ++i) {
    RECTIFIER_CHECK(begin[i] >= 0 && end[i] >= 0);
    to[i + 2] += begin[i] + end[i];
    padding.input[missing + i] = from[i + 2];
    padding.output[missing + i] = to[i + 2];
    padding.begin[missing + i] = begin[i];
  }
  // It may be no value of the graph, whose sizes have been looked at.
  const auto bytes = CheckedByteSize({DType::kFloat32, Shape(std::span(to))});
  if (!bytes.ok() || *bytes > kMaxTensorBytes) {
    throw dnnl::error(dnnl_out_of_memory, "the input with its padding is too large");
  }
  Operand result = builder.Allocate(ChannelsLast(to));
  builder.AddKernel("Pad", "pad", {result, x},
                    [padding, value](std::span<std::byte* const> memory) {
                      kernels::Pad(padding, reinterpret_cast<float*>(memory[0]),
                                   reinterpret_cast<const float*>(memory[1]), value);
                    });
  return result;
}

// What is put around, when that is one number that is known.
std::optional<float> PadValue(const Node& node, const ProgramBuilder& builder) {
  if (node.inputs.size() <= 2 || node.inputs[2] == kNoValue) return 0.0F;
  const Tensor* value = builder.graph().constant(node.inputs[2]);
  if (value == nullptr || value->dtype() != DType::kFloat32) return std::nullopt;
  return value->data<float>()[0];
}

// Numbers are only added, and around what convolutions and the like read as it lies.
bool IsSpatialPad(const PadArguments& pad, const Operand& x) {
  constexpr size_t kMostRank = 5;
  const auto added = [](int64_t size) { return size >= 0; };
  return x.desc.get_data_type() == DataType::f32 && IsChannelsLast(x.desc) &&
         pad.begin.size() > 2 && pad.begin.size() <= kMostRank &&
         std::all_of(pad.begin.begin(), pad.begin.end(), added) &&
         std::all_of(pad.end.begin(), pad.end.end(), added) && pad.begin[0] == 0 &&
         pad.begin[1] == 0 && pad.end[0] == 0 && pad.end[1] == 0;
}

// The result is filled with the value, then what is left of the input is written into its middle.
Operand EmitConstantPad(const Node& node, ProgramBuilder& builder, const PadArguments& pad) {
  const Shape& from = builder.shape(node.inputs[0]);
  const Shape& to = builder.shape(node.outputs[0]);
  const Operand x = builder.Get(node.inputs[0]);
  if (const auto value = PadValue(node, builder); value && IsSpatialPad(pad, x)) {
    return EmitSpatialPad(builder, x, std::span(pad.begin).subspan(2),
                          std::span(pad.end).subspan(2), *value);
  }
  const DataType carrier = x.desc.get_data_type();
  Operand result = builder.Allocate(Dense(DimsOf(to), PhysicalOrder(x.desc), carrier));
  Dims kept;
  Dims read_at;
  Dims write_at;
  bool anything = true;
  for (int i = 0; i < from.rank(); ++i) {
    const auto axis = static_cast<size_t>(i);
    const int64_t cut_begin = std::max<int64_t>(0, -pad.begin[axis]);
    const int64_t cut_end = std::max<int64_t>(0, -pad.end[axis]);
    kept.push_back(from[i] - cut_begin - cut_end);
    read_at.push_back(cut_begin);
    write_at.push_back(std::max<int64_t>(0, pad.begin[axis]));
    anything = anything && kept.back() > 0;
  }
  EmitFill(builder, result, node.inputs.size() > 2 ? node.inputs[2] : kNoValue);
  if (anything && from.rank() > 0) {
    builder.AddReorder({x.buffer, x.desc.submemory_desc(kept, read_at)},
                       {result.buffer, result.desc.submemory_desc(kept, write_at)});
  } else if (anything) {
    builder.AddReorder(x, result);
  }
  return result;
}

// Which element of a dimension of `dim` stands at `position`, counted from its beginning.
int64_t Mirrored(const std::string& mode, int64_t position, int64_t dim) {
  const auto modulo = [](int64_t a, int64_t n) { return ((a % n) + n) % n; };
  if (mode == "edge") return std::clamp<int64_t>(position, 0, dim - 1);
  if (mode == "wrap") return modulo(position, dim);
  if (dim == 1) return 0;
  const int64_t period = 2 * (dim - 1);
  const int64_t at = modulo(position, period);
  return at < dim ? at : period - at;
}

Operand EmitMirroredPad(const Node& node, ProgramBuilder& builder, const PadArguments& pad) {
  const Shape& from = builder.shape(node.inputs[0]);
  const Shape& to = builder.shape(node.outputs[0]);
  Operand x = builder.Get(node.inputs[0]);
  for (int i = 0; i < from.rank(); ++i) {
    const int64_t begin = pad.begin[static_cast<size_t>(i)];
    if (begin == 0 && from[i] == to[i]) continue;
    std::vector<int64_t> indices;
    for (int64_t j = 0; j < to[i]; ++j) indices.push_back(Mirrored(pad.mode, j - begin, from[i]));
    x = EmitTake(builder, node.op, x, i, std::move(indices));
  }
  return x;
}

}  // namespace

Operand EmitZeros(ProgramBuilder& builder, const Desc& desc) {
  Operand result = builder.Allocate(desc);
  EmitFill(builder, result, kNoValue);
  return result;
}

Operand EmitZeroPad(ProgramBuilder& builder, const Operand& x, const Dims& begin, const Dims& end) {
  return EmitSpatialPad(builder, x, begin, end, 0);
}

absl::Status LowerPad(const Node& node, ProgramBuilder& builder) {
  RECTIFIER_ASSIGN_OR_RETURN(const PadArguments pad,
                             ReadPad(builder.graph(), node, builder.shape(node.inputs[0]).rank()));
  builder.Set(node.outputs[0], pad.mode == "constant" ? EmitConstantPad(node, builder, pad)
                                                      : EmitMirroredPad(node, builder, pad));
  return absl::OkStatus();
}

}  // namespace rectifier::onednn
