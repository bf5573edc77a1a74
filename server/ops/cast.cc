#include "server/ops/cast.h"

#include <string>

#include "server/ops/attribute_reader.h"

namespace rectifier {

absl::StatusOr<CastAttributes> CastAttributes::Read(const Node& node) {
  AttributeReader reader(node);
  const std::string to = reader.String("to", "");
  RECTIFIER_RETURN_IF_ERROR(reader.Finish());
  const auto dtype = ParseDType(to);
  if (!dtype) {
    return InvalidArgument(Place(node), "attribute to: '{}' is no element type", to);
  }
  return CastAttributes{*dtype};
}

absl::Status InferCast(NodeTypes& types) {
  RECTIFIER_ASSIGN_OR_RETURN(const CastAttributes attributes, CastAttributes::Read(types.node()));
  types.SetOutput(0, {attributes.to, types.shape(0)});
  return absl::OkStatus();
}

}  // namespace rectifier
