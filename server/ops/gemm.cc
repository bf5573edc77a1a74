#include "server/ops/gemm.h"

#include "server/ops/attribute_reader.h"
#include "server/ops/broadcast.h"

namespace rectifier {

absl::StatusOr<GemmAttributes> GemmAttributes::Read(const Node& node) {
  AttributeReader reader(node);
  GemmAttributes attributes;
  attributes.alpha = reader.Float("alpha", 1);
  attributes.beta = reader.Float("beta", 1);
  attributes.transpose_a = reader.Bool("transA", false);
  attributes.transpose_b = reader.Bool("transB", false);
  RECTIFIER_RETURN_IF_ERROR(reader.Finish());
  return attributes;
}

absl::Status InferGemm(NodeTypes& types) {
  RECTIFIER_ASSIGN_OR_RETURN(const GemmAttributes attributes, GemmAttributes::Read(types.node()));
  for (const int i : {0, 1}) {
    RECTIFIER_RETURN_IF_ERROR(types.ExpectFloat(i));
    RECTIFIER_RETURN_IF_ERROR(types.ExpectRank(i, 2));
  }
  const Shape& a = types.shape(0);
  const Shape& b = types.shape(1);
  const int64_t m = a[attributes.transpose_a ? 1 : 0];
  const int64_t k_a = a[attributes.transpose_a ? 0 : 1];
  const int64_t k_b = b[attributes.transpose_b ? 1 : 0];
  const int64_t n = b[attributes.transpose_b ? 0 : 1];
  if (!DimsAgree(k_a, k_b)) {
    return InvalidArgument(types.place(), "the inner dimensions differ: {} of {}, {} of {}", k_a,
                           a.ToString(), k_b, b.ToString());
  }
  const Shape y{m, n};
  if (types.HasInput(2)) {
    RECTIFIER_RETURN_IF_ERROR(types.ExpectFloat(2));
    if (!BroadcastsInto(types.shape(2), y)) {
      return InvalidArgument(types.place(), "input {}: shape {} does not broadcast into {}",
                             types.name(2), types.shape(2).ToString(), y.ToString());
    }
  }
  types.SetOutput(0, {DType::kFloat32, y});
  return absl::OkStatus();
}

}  // namespace rectifier
