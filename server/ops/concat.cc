#include "server/ops/concat.h"

#include "server/ops/attribute_reader.h"

namespace rectifier {

absl::StatusOr<ConcatAttributes> ConcatAttributes::Read(const Node& node, int rank) {
  AttributeReader reader(node);
  if (!reader.Has("axis")) return InvalidArgument(Place(node), "attribute axis is required");
  const int64_t axis = reader.Int("axis", 0);
  RECTIFIER_RETURN_IF_ERROR(reader.Finish());
  ConcatAttributes attributes;
  RECTIFIER_ASSIGN_OR_RETURN(attributes.axis, NormalizeAxis(Place(node), axis, rank));
  return attributes;
}

absl::Status InferConcat(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(types.ExpectRankAtLeast(0, 1));
  TensorType y = types.type(0);
  RECTIFIER_ASSIGN_OR_RETURN(const ConcatAttributes attributes,
                             ConcatAttributes::Read(types.node(), y.shape.rank()));
  for (int i = 1; i < types.input_count(); ++i) {
    const TensorType& x = types.type(i);
    bool agrees = x.dtype == y.dtype && x.shape.rank() == y.shape.rank();
    for (int axis = 0; agrees && axis < y.shape.rank(); ++axis) {
      if (axis == attributes.axis) continue;
      agrees = DimsAgree(x.shape[axis], y.shape[axis]);
      if (y.shape[axis] == kDynamicDim) y.shape[axis] = x.shape[axis];
    }
    if (!agrees) {
      return InvalidArgument(types.place(), "input {} ({}) of type {}{} does not fit {}{}", i,
                             types.name(i), Name(x.dtype), x.shape.ToString(), Name(y.dtype),
                             y.shape.ToString());
    }
    int64_t& along = y.shape[attributes.axis];
    const int64_t more = x.shape[attributes.axis];
    if (along == kDynamicDim || more == kDynamicDim) {
      along = kDynamicDim;
    } else if (__builtin_add_overflow(along, more, &along)) {
      return InvalidArgument(types.place(), "the result has too many elements");
    }
  }
  types.SetOutput(0, y);
  return absl::OkStatus();
}

}  // namespace rectifier
