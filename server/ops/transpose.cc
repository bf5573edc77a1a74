#include "server/ops/transpose.h"

#include "server/ops/attribute_reader.h"

namespace rectifier {

absl::StatusOr<TransposeAttributes> TransposeAttributes::Read(const Node& node, int rank) {
  AttributeReader reader(node);
  TransposeAttributes attributes;
  attributes.perm = reader.Ints("perm");
  RECTIFIER_RETURN_IF_ERROR(reader.Finish());
  if (attributes.perm.empty()) {
    for (int i = rank - 1; i >= 0; --i) attributes.perm.push_back(i);
  }
  if (attributes.perm.size() != static_cast<size_t>(rank)) {
    return InvalidArgument(Place(node), "attribute perm: expected {} values, got {}", rank,
                           attributes.perm.size());
  }
  std::vector<bool> seen(static_cast<size_t>(rank), false);
  for (const int64_t axis : attributes.perm) {
    if (axis < 0 || axis >= rank || seen[static_cast<size_t>(axis)]) {
      return InvalidArgument(Place(node), "attribute perm is not a permutation of 0 to {}",
                             rank - 1);
    }
    seen[static_cast<size_t>(axis)] = true;
  }
  return attributes;
}

absl::Status InferTranspose(NodeTypes& types) {
  const Shape& x = types.shape(0);
  RECTIFIER_ASSIGN_OR_RETURN(const TransposeAttributes attributes,
                             TransposeAttributes::Read(types.node(), x.rank()));
  Shape y;
  for (const int64_t axis : attributes.perm) y.push_back(x[static_cast<int>(axis)]);
  types.SetOutput(0, {types.type(0).dtype, y});
  return absl::OkStatus();
}

}  // namespace rectifier
