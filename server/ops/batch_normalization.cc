#include "server/ops/batch_normalization.h"

#include "server/ops/attribute_reader.h"

namespace rectifier {

absl::StatusOr<BatchNormalizationAttributes> BatchNormalizationAttributes::Read(const Node& node) {
  AttributeReader reader(node);
  BatchNormalizationAttributes attributes;
  attributes.epsilon = reader.Float("epsilon", 1e-5F);
  RECTIFIER_RETURN_IF_ERROR(reader.Finish());
  return attributes;
}

absl::Status InferBatchNormalization(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(BatchNormalizationAttributes::Read(types.node()).status());
  RECTIFIER_RETURN_IF_ERROR(types.ExpectRankAtLeast(0, 2));
  RECTIFIER_RETURN_IF_ERROR(types.ExpectFloat(0));
  for (int i = 1; i < 5; ++i) {
    RECTIFIER_RETURN_IF_ERROR(types.ExpectFloat(i));
    RECTIFIER_RETURN_IF_ERROR(types.ExpectVector(i, types.shape(0)[1]));
  }
  types.SetOutput(0, types.type(0));
  return absl::OkStatus();
}

}  // namespace rectifier
