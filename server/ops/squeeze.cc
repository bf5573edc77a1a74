#include "server/ops/squeeze.h"

#include <vector>

#include "server/ops/attribute_reader.h"
#include "server/ops/integer_list.h"

namespace rectifier {
namespace {

// Which of `rank` dimensions the list at input 1 names.
absl::StatusOr<std::vector<bool>> NamedAxes(const NodeTypes& types, int64_t rank) {
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<int64_t> axes,
                             ConstantIntegers(types.graph(), types.node(), 1));
  std::vector<bool> named(static_cast<size_t>(rank), false);
  for (const int64_t axis : axes) {
    RECTIFIER_ASSIGN_OR_RETURN(
        const int at, NormalizeAxis(types.place(), axis, static_cast<int>(rank), "input 1"));
    if (named[static_cast<size_t>(at)]) {
      return InvalidArgument(types.place(), "input 1: {} is named twice", at);
    }
    named[static_cast<size_t>(at)] = true;
  }
  return named;
}

// The result when the axes are computed: only how many there are is known.
absl::Status SetUnknown(NodeTypes& types, int sign) {
  RECTIFIER_ASSIGN_OR_RETURN(const int64_t count, IntegerCount(types, 1));
  const int64_t rank = types.shape(0).rank() + sign * count;
  if (rank < 0) {
    return InvalidArgument(types.place(), "input 1: {} axes of a tensor of rank {}", count,
                           types.shape(0).rank());
  }
  types.SetOutput(0, {types.type(0).dtype, UnknownShape(static_cast<int>(rank))});
  return absl::OkStatus();
}

}  // namespace

absl::Status InferSqueeze(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(AttributeReader(types.node()).Finish());
  const Shape& x = types.shape(0);
  std::vector<bool> removed(static_cast<size_t>(x.rank()), false);
  if (!types.HasInput(1)) {
    for (int i = 0; i < x.rank(); ++i) {
      if (x[i] == kDynamicDim) {
        return Unimplemented(types.place(),
                             "without axes, dimension {} of {} must be known: it may be 1", i,
                             x.ToString());
      }
      removed[static_cast<size_t>(i)] = x[i] == 1;
    }
  } else if (types.constant(1) == nullptr) {
    return SetUnknown(types, -1);
  } else {
    RECTIFIER_ASSIGN_OR_RETURN(removed, NamedAxes(types, x.rank()));
  }
  Shape y;
  for (int i = 0; i < x.rank(); ++i) {
    if (!removed[static_cast<size_t>(i)]) {
      y.push_back(x[i]);
    } else if (!DimsAgree(x[i], 1)) {
      return InvalidArgument(types.place(), "dimension {} of {} is not 1", i, x.ToString());
    }
  }
  types.SetOutput(0, {types.type(0).dtype, y});
  return absl::OkStatus();
}

absl::Status InferUnsqueeze(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(AttributeReader(types.node()).Finish());
  const Shape& x = types.shape(0);
  RECTIFIER_ASSIGN_OR_RETURN(const int64_t count, IntegerCount(types, 1));
  if (types.constant(1) == nullptr) return SetUnknown(types, 1);
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<bool> added, NamedAxes(types, x.rank() + count));
  Shape y;
  int from = 0;
  for (const bool is_new : added) y.push_back(is_new ? 1 : x[from++]);
  types.SetOutput(0, {types.type(0).dtype, y});
  return absl::OkStatus();
}

}  // namespace rectifier
