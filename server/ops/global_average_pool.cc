#include "server/ops/global_average_pool.h"

#include "server/ops/attribute_reader.h"

namespace rectifier {

absl::Status InferGlobalAveragePool(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(AttributeReader(types.node()).Finish());
  RECTIFIER_RETURN_IF_ERROR(types.ExpectFloat(0));
  RECTIFIER_RETURN_IF_ERROR(types.ExpectRankAtLeast(0, 3));
  const Shape& x = types.shape(0);
  if (x.rank() > 5) {
    return Unimplemented(types.place(), "expected 1 to 3 spatial dimensions, got {}", x.rank() - 2);
  }
  Shape y{x[0], x[1]};
  for (int i = 2; i < x.rank(); ++i) {
    if (x[i] == 0) {
      return InvalidArgument(types.place(), "dimension {} of {} has no elements to average", i,
                             x.ToString());
    }
    y.push_back(1);
  }
  types.SetOutput(0, {DType::kFloat32, y});
  return absl::OkStatus();
}

}  // namespace rectifier
