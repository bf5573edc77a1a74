#include "server/ops/gather.h"

#include "server/ops/attribute_reader.h"

namespace rectifier {
namespace {

template <typename T>
absl::Status CheckIndices(const NodeTypes& types, int64_t dim) {
  for (const T index : types.constant(1)->data<T>()) {
    if (index < -dim || index >= dim) {
      return InvalidArgument(types.place(), "input 1 ({}): index {} of a dimension of {}",
                             types.name(1), index, dim);
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<GatherAttributes> GatherAttributes::Read(const Node& node, int rank) {
  AttributeReader reader(node);
  const int64_t axis = reader.Int("axis", 0);
  RECTIFIER_RETURN_IF_ERROR(reader.Finish());
  GatherAttributes attributes;
  RECTIFIER_ASSIGN_OR_RETURN(attributes.axis, NormalizeAxis(Place(node), axis, rank));
  return attributes;
}

absl::Status InferGather(NodeTypes& types) {
  const Shape& x = types.shape(0);
  const TensorType& indices = types.type(1);
  RECTIFIER_ASSIGN_OR_RETURN(const GatherAttributes attributes,
                             GatherAttributes::Read(types.node(), x.rank()));
  if (indices.dtype != DType::kInt64 && indices.dtype != DType::kInt32) {
    return InvalidArgument(types.place(), "input 1 ({}): expected i64 or i32, got {}",
                           types.name(1), Name(indices.dtype));
  }
  const int64_t dim = x[attributes.axis];
  if (types.constant(1) != nullptr && dim != kDynamicDim) {
    RECTIFIER_RETURN_IF_ERROR(indices.dtype == DType::kInt64 ? CheckIndices<int64_t>(types, dim)
                                                             : CheckIndices<int32_t>(types, dim));
  }
  Shape y;
  for (int i = 0; i < attributes.axis; ++i) y.push_back(x[i]);
  for (const int64_t size : indices.shape.dims()) y.push_back(size);
  for (int i = attributes.axis + 1; i < x.rank(); ++i) y.push_back(x[i]);
  types.SetOutput(0, {types.type(0).dtype, y});
  return absl::OkStatus();
}

}  // namespace rectifier
