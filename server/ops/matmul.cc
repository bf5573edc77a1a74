#include "server/ops/matmul.h"

#include "server/ops/attribute_reader.h"
#include "server/ops/broadcast.h"

namespace rectifier {
namespace {

Shape Leading(const Shape& shape) {
  return Shape(shape.dims().subspan(0, static_cast<size_t>(shape.rank() - 2)));
}

}  // namespace

absl::Status InferMatMul(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(AttributeReader(types.node()).Finish());
  for (const int i : {0, 1}) {
    RECTIFIER_RETURN_IF_ERROR(types.ExpectFloat(i));
    RECTIFIER_RETURN_IF_ERROR(types.ExpectRankAtLeast(i, 1));
  }
  const bool vector_a = types.shape(0).rank() == 1;
  const bool vector_b = types.shape(1).rank() == 1;
  const Shape a = PadRank(types.shape(0), 2);
  Shape b = types.shape(1);
  if (vector_b) b.push_back(1);
  const int64_t inner_a = a[a.rank() - 1];
  const int64_t inner_b = b[b.rank() - 2];
  if (!DimsAgree(inner_a, inner_b)) {
    return InvalidArgument(types.place(), "the inner dimensions of {} and {} differ",
                           types.shape(0).ToString(), types.shape(1).ToString());
  }
  RECTIFIER_ASSIGN_OR_RETURN(Shape y, BroadcastShapes(types.place(), Leading(a), Leading(b)));
  if (!vector_a) y.push_back(a[a.rank() - 2]);
  if (!vector_b) y.push_back(b[b.rank() - 1]);
  types.SetOutput(0, {DType::kFloat32, y});
  return absl::OkStatus();
}

}  // namespace rectifier
