#include "server/ops/group_normalization.h"

#include "server/ops/attribute_reader.h"
#include "server/ops/broadcast.h"

namespace rectifier {

absl::StatusOr<GroupNormalizationAttributes> GroupNormalizationAttributes::Read(const Node& node) {
  AttributeReader reader(node);
  GroupNormalizationAttributes attributes;
  attributes.epsilon = reader.Float("epsilon", attributes.epsilon);
  const bool grouped = node.op == "GroupNormalization";
  if (grouped) attributes.groups = reader.Int("num_groups", 0);
  RECTIFIER_RETURN_IF_ERROR(reader.Finish());
  if (grouped && attributes.groups < 1) {
    return InvalidArgument(Place(node), "attribute num_groups: expected 1 or more, got {}",
                           attributes.groups);
  }
  return attributes;
}

absl::Status InferGroupNormalization(NodeTypes& types) {
  RECTIFIER_ASSIGN_OR_RETURN(const GroupNormalizationAttributes attributes,
                             GroupNormalizationAttributes::Read(types.node()));
  RECTIFIER_RETURN_IF_ERROR(types.ExpectRankAtLeast(0, 2));
  const int64_t channels = types.shape(0)[1];
  const int64_t groups = attributes.groups == 0 ? channels : attributes.groups;
  if (channels > 0 && channels % groups != 0) {
    return InvalidArgument(types.place(), "attribute num_groups: {} channels are no multiple of {}",
                           channels, groups);
  }
  for (int i = 0; i < 3; ++i) RECTIFIER_RETURN_IF_ERROR(types.ExpectFloat(i));
  for (int i = 1; i < 3; ++i) {
    const Shape& shape = types.shape(i);
    if (shape.rank() == 1 && DimsAgree(shape[0], groups) && types.shape(1) == types.shape(2)) {
      continue;
    }
    RECTIFIER_RETURN_IF_ERROR(types.ExpectVector(i, channels));
  }
  types.SetOutput(0, types.type(0));
  return absl::OkStatus();
}

absl::StatusOr<LayerNormalizationAttributes> LayerNormalizationAttributes::Read(const Node& node,
                                                                                int rank) {
  AttributeReader reader(node);
  LayerNormalizationAttributes attributes;
  const int64_t axis = reader.Int("axis", -1);
  attributes.epsilon = reader.Float("epsilon", attributes.epsilon);
  RECTIFIER_RETURN_IF_ERROR(reader.Finish());
  RECTIFIER_ASSIGN_OR_RETURN(attributes.axis, NormalizeAxis(Place(node), axis, rank));
  return attributes;
}

absl::Status InferLayerNormalization(NodeTypes& types) {
  const Shape& x = types.shape(0);
  RECTIFIER_ASSIGN_OR_RETURN(const LayerNormalizationAttributes attributes,
                             LayerNormalizationAttributes::Read(types.node(), x.rank()));
  const Shape normalized(x.dims().subspan(static_cast<size_t>(attributes.axis)));
  for (int i = 0; i < types.input_count(); ++i) {
    if (!types.HasInput(i)) continue;
    RECTIFIER_RETURN_IF_ERROR(types.ExpectFloat(i));
    if (i > 0 && !BroadcastsInto(types.shape(i), normalized)) {
      return InvalidArgument(types.place(), "input {} ({}): shape {} does not broadcast into {}", i,
                             types.name(i), types.shape(i).ToString(), normalized.ToString());
    }
  }
  Shape statistics = x;
  for (int i = attributes.axis; i < x.rank(); ++i) statistics[i] = 1;
  types.SetOutput(0, types.type(0));
  types.SetOutput(1, {DType::kFloat32, statistics});
  types.SetOutput(2, {DType::kFloat32, statistics});
  return absl::OkStatus();
}

}  // namespace rectifier
