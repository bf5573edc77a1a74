#include <algorithm>
#include <utility>

#include "server/core/status.h"
#include "server/engine/kernels/copy.h"
#include "server/engine/onednn/emit.h"
#include "server/engine/onednn/lowering_table.h"
#include "server/engine/onednn/program_builder.h"
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

// The result is filled with the value, then what is left of the input is written into its middle.
Operand EmitConstantPad(const Node& node, ProgramBuilder& builder, const PadArguments& pad) {
  const Shape& from = builder.shape(node.inputs[0]);
  const Shape& to = builder.shape(node.outputs[0]);
  const Operand x = builder.Get(node.inputs[0]);
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
  const Dims dims = x.desc.get_dims();
  Dims padded = dims;
  Dims write_at(dims.size(), 0);
  for (size_t i = 0; i < begin.size(); ++i) {
    padded[i + 2] += begin[i] + end[i];
    write_at[i + 2] = begin[i];
  }
  Operand result = EmitZeros(builder, ChannelsLast(padded));
  builder.AddReorder(x, {result.buffer, result.desc.submemory_desc(dims, write_at)});
  return result;
}

absl::Status LowerPad(const Node& node, ProgramBuilder& builder) {
  RECTIFIER_ASSIGN_OR_RETURN(const PadArguments pad,
                             ReadPad(builder.graph(), node, builder.shape(node.inputs[0]).rank()));
  builder.Set(node.outputs[0], pad.mode == "constant" ? EmitConstantPad(node, builder, pad)
                                                      : EmitMirroredPad(node, builder, pad));
  return absl::OkStatus();
}

}  // namespace rectifier::onednn
