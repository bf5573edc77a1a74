#include "server/ops/broadcast.h"

#include <algorithm>

#include "server/core/status.h"
#include "server/ops/node_types.h"

namespace rectifier {

Shape PadRank(const Shape& shape, int rank) {
  Shape padded;
  for (int i = shape.rank(); i < rank; ++i) padded.push_back(1);
  for (const int64_t dim : shape.dims()) padded.push_back(dim);
  return padded;
}

absl::StatusOr<Shape> BroadcastShapes(std::string_view place, const Shape& a, const Shape& b) {
  const int rank = std::max(a.rank(), b.rank());
  const Shape left = PadRank(a, rank);
  const Shape right = PadRank(b, rank);
  Shape result;
  for (int i = 0; i < rank; ++i) {
    const int64_t x = left[i];
    const int64_t y = right[i];
    if (x == y || y == 1) {
      result.push_back(x);
    } else if (x == 1 || x == kDynamicDim) {
      // A dynamic dimension beside a known one above 1 can only be that or 1: the result is known.
      result.push_back(y);
    } else if (y == kDynamicDim) {
      result.push_back(x);
    } else {
      return InvalidArgument(place, "shapes {} and {} do not broadcast", a.ToString(),
                             b.ToString());
    }
  }
  return result;
}

bool BroadcastsInto(const Shape& from, const Shape& into) {
  if (from.rank() > into.rank()) return false;
  const Shape padded = PadRank(from, into.rank());
  for (int i = 0; i < into.rank(); ++i) {
    if (padded[i] != 1 && !DimsAgree(padded[i], into[i])) return false;
  }
  return true;
}

}  // namespace rectifier
