#include "server/ops/softmax.h"

#include "server/ops/attribute_reader.h"

namespace rectifier {

absl::StatusOr<SoftmaxAttributes> SoftmaxAttributes::Read(const Node& node) {
  AttributeReader reader(node);
  SoftmaxAttributes attributes;
  attributes.axis = reader.Int("axis", -1);
  attributes.flatten = reader.Bool("flatten", false);
  RECTIFIER_RETURN_IF_ERROR(reader.Finish());
  return attributes;
}

absl::Status InferSoftmax(NodeTypes& types) {
  RECTIFIER_ASSIGN_OR_RETURN(const SoftmaxAttributes attributes,
                             SoftmaxAttributes::Read(types.node()));
  RECTIFIER_RETURN_IF_ERROR(types.ExpectFloat(0));
  RECTIFIER_RETURN_IF_ERROR(types.ExpectRankAtLeast(0, 1));
  RECTIFIER_RETURN_IF_ERROR(
      NormalizeAxis(types.place(), attributes.axis, types.shape(0).rank()).status());
  types.SetOutput(0, types.type(0));
  return absl::OkStatus();
}

}  // namespace rectifier
