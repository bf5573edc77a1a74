#include "server/import/keras/rearrange.h"

#include "server/core/check.h"
#include "server/core/status.h"

namespace rectifier {

absl::StatusOr<Tensor> Rearranged(const Tensor& tensor, const Rearrangement& to) {
  const Shape& from = tensor.shape();
  const auto rank = static_cast<size_t>(from.rank());
  RECTIFIER_CHECK(to.perm.size() == rank);
  // Steps through the tensor, in elements, for each of its axes.
  std::vector<int64_t> steps(rank, 1);
  for (size_t axis = rank; axis-- > 1;) {
    steps[axis - 1] = steps[axis] * from[static_cast<int>(axis)];
  }
  int64_t begin = 0;
  for (const int axis : to.flipped) {
    begin += (from[axis] - 1) * steps[static_cast<size_t>(axis)];
    steps[static_cast<size_t>(axis)] *= -1;
  }
  Shape shape;
  std::vector<int64_t> strides;
  for (const int64_t axis : to.perm) {
    shape.push_back(from[static_cast<int>(axis)]);
    strides.push_back(steps[static_cast<size_t>(axis)]);
  }
  RECTIFIER_ASSIGN_OR_RETURN(Tensor result, Tensor::Allocate({DType::kFloat32, shape}));
  const auto source = tensor.data<float>();
  std::vector<int64_t> position(rank);
  int64_t at = begin;
  for (float& element : result.data<float>()) {
    element = source[static_cast<size_t>(at)];
    for (size_t axis = rank; axis-- > 0;) {
      at += strides[axis];
      if (++position[axis] < shape[static_cast<int>(axis)]) break;
      at -= strides[axis] * shape[static_cast<int>(axis)];
      position[axis] = 0;
    }
  }
  return result;
}

}  // namespace rectifier
