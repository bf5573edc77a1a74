#include "server/ops/expand.h"

#include <algorithm>
#include <vector>

#include "server/ops/attribute_reader.h"
#include "server/ops/broadcast.h"
#include "server/ops/integer_list.h"

namespace rectifier {

absl::Status InferExpand(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(AttributeReader(types.node()).Finish());
  const Shape& x = types.shape(0);
  RECTIFIER_ASSIGN_OR_RETURN(const int64_t rank, IntegerCount(types, 1));
  Shape y = UnknownShape(std::max(x.rank(), static_cast<int>(rank)));
  if (types.constant(1) != nullptr) {
    RECTIFIER_ASSIGN_OR_RETURN(const std::vector<int64_t> dims,
                               ConstantIntegers(types.graph(), types.node(), 1));
    for (const int64_t dim : dims) {
      if (dim < 0) {
        return InvalidArgument(types.place(), "input 1 ({}): expected sizes, got {}", types.name(1),
                               dim);
      }
    }
    RECTIFIER_ASSIGN_OR_RETURN(y, BroadcastShapes(types.place(), x, Shape(dims)));
  }
  types.SetOutput(0, {types.type(0).dtype, y});
  return absl::OkStatus();
}

absl::Status InferTile(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(AttributeReader(types.node()).Finish());
  const Shape& x = types.shape(0);
  RECTIFIER_ASSIGN_OR_RETURN(const int64_t count, IntegerCount(types, 1));
  if (count != x.rank()) {
    return InvalidArgument(types.place(), "input 1 ({}): {} repeats for a tensor of rank {}",
                           types.name(1), count, x.rank());
  }
  Shape y = UnknownShape(x.rank());
  if (types.constant(1) != nullptr) {
    RECTIFIER_ASSIGN_OR_RETURN(const std::vector<int64_t> repeats,
                               ConstantIntegers(types.graph(), types.node(), 1));
    for (int i = 0; i < x.rank(); ++i) {
      const int64_t repeat = repeats[static_cast<size_t>(i)];
      if (repeat < 0 || (x[i] != kDynamicDim && MultiplyOverflows(x[i], repeat, &y[i]))) {
        return InvalidArgument(types.place(), "input 1 ({}): {} repeats of a dimension of {}",
                               types.name(1), repeat, x[i]);
      }
    }
  }
  types.SetOutput(0, {types.type(0).dtype, y});
  return absl::OkStatus();
}

}  // namespace rectifier
