#include <algorithm>

#include "server/core/status.h"
#include "server/engine/onednn/layout.h"
#include "server/engine/onednn/lowering_table.h"
#include "server/engine/onednn/program_builder.h"
#include "server/ops/pad.h"

namespace rectifier::onednn {

// The result is filled with the value, then what is left of the input is written into its middle.
absl::Status LowerPad(const Node& node, ProgramBuilder& builder) {
  const Shape& from = builder.shape(node.inputs[0]);
  const Shape& to = builder.shape(node.outputs[0]);
  RECTIFIER_ASSIGN_OR_RETURN(const PadArguments pad, ReadPad(builder.graph(), node, from.rank()));
  const Operand x = builder.Get(node.inputs[0]);
  const Operand result = builder.Allocate(IsChannelsLast(x.desc) ? ChannelsLast(to) : RowMajor(to));
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
  builder.AddFill(result, pad.value);
  if (anything && from.rank() > 0) {
    builder.AddReorder({x.buffer, x.desc.submemory_desc(kept, read_at)},
                       {result.buffer, result.desc.submemory_desc(kept, write_at)});
  } else if (anything) {
    builder.AddReorder(x, result);
  }
  builder.Set(node.outputs[0], result);
  return absl::OkStatus();
}

}  // namespace rectifier::onednn
