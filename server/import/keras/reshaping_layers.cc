#include <array>

#include "server/core/status.h"
#include "server/import/keras/layers.h"

namespace rectifier {

// Dropout, noise and regularization: nothing, once the network is trained.
absl::StatusOr<ValueId> ConvertIdentity(LayerCall& call) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, call.Input());
  return call.Add("Identity", {x});
}

// What changes pictures at random, but not once the network is trained. (Keras 3 writes that it was
// called with training=True, and calls it otherwise.)
absl::StatusOr<ValueId> ConvertAugmentation(LayerCall& call) {
  RECTIFIER_ASSIGN_OR_RETURN(ValueId x, call.Input());
  RECTIFIER_ASSIGN_OR_RETURN(x, call.AsFloat(x));
  return call.Add("Identity", {x});
}

// In the order of the axes; with data_format channels_first the channels count as the last ones.
absl::StatusOr<ValueId> ConvertFlatten(LayerCall& call) {
  const bool channels_first = call.config().ChannelsFirst();
  RECTIFIER_ASSIGN_OR_RETURN(ValueId x, call.Input());
  const int rank = call.rank(x);
  if (rank < 1) return InvalidArgument(call.place(), "expected an input with a batch axis");
  if (rank == 1) {
    return call.Add("Unsqueeze", {x, call.Integers(std::array<int64_t, 1>{1})});
  }
  if (channels_first && rank > 2) {
    std::vector<int64_t> perm = {0};
    for (int64_t axis = 2; axis < rank; ++axis) perm.push_back(axis);
    perm.push_back(1);
    RECTIFIER_ASSIGN_OR_RETURN(x, call.Transpose(x, std::move(perm)));
  }
  // As exporters write it, where the size is known.
  const Shape features(call.shape(x).dims().subspan(1));
  if (!features.IsStatic()) return call.Add("Flatten", {x});
  RECTIFIER_ASSIGN_OR_RETURN(const int64_t count, features.CheckedElementCount());
  return call.Reshape(x, {-1, count});
}

// The batch stays; one of the other dimensions may be -1, what is left.
absl::StatusOr<ValueId> ConvertReshape(LayerCall& call) {
  std::vector<int64_t> dims = {0};
  int unknown = 0;
  for (const int64_t dim : call.config().Ints("target_shape")) {
    if (dim < -1 || dim == 0 || (dim == -1 && ++unknown > 1)) {
      return call.config().Wrong("target_shape", "sizes, of which one may be -1");
    }
    dims.push_back(dim);
  }
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, call.Input());
  return call.Reshape(x, std::move(dims));
}

// The batch is axis 0 and stays, so that the others are numbered from 1 on.
absl::StatusOr<ValueId> ConvertPermute(LayerCall& call) {
  std::vector<int64_t> perm = {0};
  for (const int64_t axis : call.config().Ints("dims")) perm.push_back(axis);
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, call.Input());
  return call.Transpose(x, std::move(perm));
}

// [N, F] → [N, n, F]
absl::StatusOr<ValueId> ConvertRepeatVector(LayerCall& call) {
  const int64_t n = call.config().Int("n", 0);
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, call.Input());
  if (n < 1) return call.config().Wrong("n", "a number from 1 on");
  if (call.rank(x) != 2) {
    return InvalidArgument(call.place(), "expected an input of rank 2, got shape {}",
                           call.shape(x).ToString());
  }
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId row,
                             call.Add("Unsqueeze", {x, call.Integers(std::array<int64_t, 1>{1})}));
  return call.Add("Tile", {row, call.Integers(std::array<int64_t, 3>{1, n, 1})});
}

}  // namespace rectifier
