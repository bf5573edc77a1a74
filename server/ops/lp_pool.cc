#include "server/ops/lp_pool.h"

#include "server/ops/max_pool.h"

namespace rectifier {

absl::StatusOr<LpPoolAttributes> LpPoolAttributes::Read(const Node& node) {
  AttributeReader reader(node);
  LpPoolAttributes attributes;
  attributes.window = WindowAttributes::Read(reader);
  attributes.window.ceil_mode = reader.Bool("ceil_mode", false);
  attributes.p = reader.Int("p", 2);
  RECTIFIER_RETURN_IF_ERROR(reader.Finish());
  if (attributes.p < 1 || attributes.p > 1024) {
    return InvalidArgument(Place(node), "attribute p: expected 1 to 1024, got {}", attributes.p);
  }
  return attributes;
}

absl::Status InferLpPool(NodeTypes& types) {
  RECTIFIER_ASSIGN_OR_RETURN(const LpPoolAttributes attributes,
                             LpPoolAttributes::Read(types.node()));
  return InferPooling(types, attributes.window);
}

}  // namespace rectifier
