#include "server/ops/average_pool.h"

#include "server/ops/max_pool.h"

namespace rectifier {

absl::StatusOr<AveragePoolAttributes> AveragePoolAttributes::Read(const Node& node) {
  AttributeReader reader(node);
  AveragePoolAttributes attributes;
  attributes.window = WindowAttributes::Read(reader);
  attributes.window.ceil_mode = reader.Bool("ceil_mode", false);
  attributes.count_include_pad = reader.Bool("count_include_pad", false);
  RECTIFIER_RETURN_IF_ERROR(reader.Finish());
  return attributes;
}

absl::Status InferAveragePool(NodeTypes& types) {
  RECTIFIER_ASSIGN_OR_RETURN(const AveragePoolAttributes attributes,
                             AveragePoolAttributes::Read(types.node()));
  return InferPooling(types, attributes.window);
}

}  // namespace rectifier
