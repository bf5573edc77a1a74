#include "server/core/shape.h"

#include <algorithm>

#include "server/core/check.h"
#include "server/core/status.h"

namespace rectifier {

bool Shape::IsStatic() const {
  return std::none_of(dims_.begin(), dims_.end(), [](int64_t dim) { return dim < 0; });
}

absl::StatusOr<int64_t> Shape::CheckedElementCount() const {
  int64_t count = 1;
  for (const int64_t dim : dims_) {
    if (dim < 0) {
      return absl::InvalidArgumentError(
          fmt::format("shape {} has a dimension that is not known", ToString()));
    }
  }
  // A zero anywhere makes the count 0, however large the others are.
  if (std::find(dims_.begin(), dims_.end(), 0) != dims_.end()) return 0;
  for (const int64_t dim : dims_) {
    if (MultiplyOverflows(count, dim, &count) || count > (int64_t{1} << 62)) {
      return absl::InvalidArgumentError(
          fmt::format("shape {} has more elements than can be counted", ToString()));
    }
  }
  return count;
}

int64_t Shape::ElementCount() const {
  const absl::StatusOr<int64_t> count = CheckedElementCount();
  RECTIFIER_CHECK(count.ok());
  return *count;
}

std::string Shape::ToString() const {
  std::string text = "[";
  for (size_t i = 0; i < dims_.size(); ++i) {
    if (i > 0) text += ", ";
    text += dims_[i] == kDynamicDim ? std::string("?") : std::to_string(dims_[i]);
  }
  return text + "]";
}

bool Matches(const Shape& shape, const Shape& pattern) {
  return std::equal(
      shape.dims().begin(), shape.dims().end(), pattern.dims().begin(), pattern.dims().end(),
      [](int64_t dim, int64_t wanted) { return wanted == kDynamicDim || dim == wanted; });
}

}  // namespace rectifier
