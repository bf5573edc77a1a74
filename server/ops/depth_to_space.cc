#include "server/ops/depth_to_space.h"

#include <string>

#include "server/ops/attribute_reader.h"

namespace rectifier {
namespace {

constexpr int64_t kMaxBlock = 1 << 15;

}  // namespace

absl::StatusOr<BlockAttributes> BlockAttributes::Read(const Node& node) {
  AttributeReader reader(node);
  BlockAttributes attributes;
  attributes.block = reader.Int("blocksize", 0);
  const std::string mode =
      node.op == "DepthToSpace" ? reader.String("mode", "DCR") : std::string("DCR");
  RECTIFIER_RETURN_IF_ERROR(reader.Finish());
  if (attributes.block < 1 || attributes.block > kMaxBlock) {
    return InvalidArgument(Place(node), "attribute blocksize: expected 1 to {}, got {}", kMaxBlock,
                           attributes.block);
  }
  if (mode != "DCR" && mode != "CRD") {
    return InvalidArgument(Place(node), "attribute mode: expected DCR or CRD, got '{}'", mode);
  }
  attributes.channels_first = mode == "CRD";
  return attributes;
}

absl::Status InferDepthToSpace(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(types.ExpectRank(0, 4));
  RECTIFIER_ASSIGN_OR_RETURN(const BlockAttributes attributes, BlockAttributes::Read(types.node()));
  Shape y = types.shape(0);
  const int64_t block = attributes.block;
  if (y[1] != kDynamicDim) {
    if (y[1] % (block * block) != 0) {
      return InvalidArgument(types.place(), "{} channels are no multiple of {}²", y[1], block);
    }
    y[1] /= block * block;
  }
  for (const int axis : {2, 3}) {
    if (y[axis] != kDynamicDim && MultiplyOverflows(y[axis], block, &y[axis])) {
      return InvalidArgument(types.place(), "the result has too many elements");
    }
  }
  types.SetOutput(0, {types.type(0).dtype, y});
  return absl::OkStatus();
}

absl::Status InferSpaceToDepth(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(types.ExpectRank(0, 4));
  RECTIFIER_ASSIGN_OR_RETURN(const BlockAttributes attributes, BlockAttributes::Read(types.node()));
  Shape y = types.shape(0);
  const int64_t block = attributes.block;
  if (y[1] != kDynamicDim && MultiplyOverflows(y[1], block * block, &y[1])) {
    return InvalidArgument(types.place(), "the result has too many elements");
  }
  for (const int axis : {2, 3}) {
    if (y[axis] == kDynamicDim) continue;
    if (y[axis] % block != 0) {
      return InvalidArgument(types.place(), "dimension {} of {} is no multiple of {}", axis,
                             y[axis], block);
    }
    y[axis] /= block;
  }
  types.SetOutput(0, {types.type(0).dtype, y});
  return absl::OkStatus();
}

}  // namespace rectifier
