// Operators that move nothing: their result is the memory of their input, seen in another way.

#include "server/core/status.h"
#include "server/engine/onednn/layout.h"
#include "server/engine/onednn/lowering_table.h"
#include "server/engine/onednn/program_builder.h"
#include "server/ops/transpose.h"

namespace rectifier::onednn {

absl::Status LowerIdentity(const Node& node, ProgramBuilder& builder) {
  builder.Set(node.outputs[0], builder.Get(node.inputs[0]));
  return absl::OkStatus();
}

// Reshape, Flatten, Squeeze and Unsqueeze: free when the input is row-major already. A matrix with
// a row for each sample is left as it lies: an inner product takes weights in that order.
absl::Status LowerReshape(const Node& node, ProgramBuilder& builder) {
  const Shape& to = builder.shape(node.outputs[0]);
  const Operand lying = builder.Get(node.inputs[0]);
  if (IsChannelsLast(lying.desc) && to.rank() == 2 && to[0] == lying.desc.get_dims()[0]) {
    builder.SetFlattened(node.outputs[0], lying);
    return absl::OkStatus();
  }
  const Operand x = builder.GetRowMajor(node.inputs[0]);
  builder.Set(node.outputs[0], {x.buffer, RowMajor(builder.type(node.outputs[0]))});
  return absl::OkStatus();
}

// The strides change places; whoever needs another layout reorders.
absl::Status LowerTranspose(const Node& node, ProgramBuilder& builder) {
  const int rank = builder.shape(node.inputs[0]).rank();
  RECTIFIER_ASSIGN_OR_RETURN(const TransposeAttributes attributes,
                             TransposeAttributes::Read(node, rank));
  const Operand x = builder.Get(node.inputs[0]);
  const Dims strides = x.desc.get_strides();
  Dims permuted;
  for (const int64_t axis : attributes.perm) permuted.push_back(strides[static_cast<size_t>(axis)]);
  if (rank == 0) permuted = strides;
  builder.Set(node.outputs[0], {x.buffer, Desc(DimsOf(builder.shape(node.outputs[0])),
                                               x.desc.get_data_type(), permuted)});
  return absl::OkStatus();
}

}  // namespace rectifier::onednn
