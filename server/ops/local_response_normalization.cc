#include "server/ops/local_response_normalization.h"

#include "server/ops/attribute_reader.h"

namespace rectifier {

absl::StatusOr<LrnAttributes> LrnAttributes::Read(const Node& node) {
  AttributeReader reader(node);
  LrnAttributes attributes;
  attributes.size = reader.Int("size", 0);
  attributes.alpha = reader.Float("alpha", attributes.alpha);
  attributes.beta = reader.Float("beta", attributes.beta);
  attributes.bias = reader.Float("bias", attributes.bias);
  RECTIFIER_RETURN_IF_ERROR(reader.Finish());
  constexpr int64_t kMaxSize = 1 << 20;
  if (attributes.size < 1 || attributes.size > kMaxSize) {
    return InvalidArgument(Place(node), "attribute size: expected 1 to {}, got {}", kMaxSize,
                           attributes.size);
  }
  if (attributes.size % 2 == 0) {
    return Unimplemented(Place(node), "attribute size: only odd numbers are supported, got {}",
                         attributes.size);
  }
  return attributes;
}

absl::Status InferLrn(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(LrnAttributes::Read(types.node()).status());
  RECTIFIER_RETURN_IF_ERROR(types.ExpectFloat(0));
  RECTIFIER_RETURN_IF_ERROR(types.ExpectRankAtLeast(0, 2));
  if (types.shape(0).rank() > 5) {
    return Unimplemented(types.place(), "expected at most 3 spatial dimensions, got {}",
                         types.shape(0).rank() - 2);
  }
  types.SetOutput(0, types.type(0));
  return absl::OkStatus();
}

}  // namespace rectifier
