#include "server/ops/elementwise.h"

#include "server/ops/attribute_reader.h"
#include "server/ops/broadcast.h"

namespace rectifier {

absl::Status InferIdentity(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(AttributeReader(types.node()).Finish());
  types.SetOutput(0, types.type(0));
  return absl::OkStatus();
}

absl::Status InferUnary(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(types.ExpectFloat(0));
  return InferIdentity(types);
}

absl::Status InferBinary(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(AttributeReader(types.node()).Finish());
  RECTIFIER_RETURN_IF_ERROR(types.ExpectFloat(0));
  RECTIFIER_RETURN_IF_ERROR(types.ExpectFloat(1));
  RECTIFIER_ASSIGN_OR_RETURN(Shape shape,
                             BroadcastShapes(types.place(), types.shape(0), types.shape(1)));
  types.SetOutput(0, {DType::kFloat32, shape});
  return absl::OkStatus();
}

}  // namespace rectifier
