#include "server/core/check.h"
#include "tests/reference/attributes.h"
#include "tests/reference/kernels.h"

namespace rectifier::reference {
namespace {

// The axis, counted from the front.
int64_t FromFront(int64_t axis, int rank) { return axis < 0 ? axis + rank : axis; }

}  // namespace

Array Concat(const Node& node, Inputs inputs) {
  const auto axis =
      static_cast<size_t>(FromFront(AttributeOr<int64_t>(node, "axis", 0), inputs[0]->rank()));
  TensorType type = inputs[0]->type;
  type.shape[static_cast<int>(axis)] = 0;
  for (const Array* input : inputs) {
    type.shape[static_cast<int>(axis)] += input->shape()[static_cast<int>(axis)];
  }
  Array y = Zeros(type);
  int64_t first = 0;
  for (const Array* input : inputs) {
    ForEach(input->shape(), [&](Coordinates at) {
      const double value = (*input)[at];
      at[axis] += first;
      y[at] = value;
    });
    first += input->shape()[static_cast<int>(axis)];
  }
  return y;
}

Array Flatten(const Node& node, Inputs inputs) {
  Array y = *inputs[0];
  const int64_t axis = FromFront(AttributeOr<int64_t>(node, "axis", 1), y.rank());
  int64_t rows = 1;
  int64_t columns = 1;
  for (int i = 0; i < y.rank(); ++i) (i < axis ? rows : columns) *= y.shape()[i];
  y.type.shape = {rows, columns};
  return y;
}

// y[at] = x[at − pads at the beginning], or the padding's value where x has no such element.
Array Pad(const Node&, Inputs inputs) {
  const Array& x = *inputs[0];
  const Array& pads = *inputs[1];
  const double value = inputs.size() > 2 && inputs[2] != nullptr ? inputs[2]->values[0] : 0;
  const auto pad = [&](int i) { return static_cast<int64_t>(pads.values[static_cast<size_t>(i)]); };
  Shape shape;
  for (int i = 0; i < x.rank(); ++i) shape.push_back(x.shape()[i] + pad(i) + pad(x.rank() + i));
  Array y = Zeros(shape);
  ForEach(shape, [&](const Coordinates& at) {
    Coordinates from = at;
    for (int i = 0; i < x.rank(); ++i) from[static_cast<size_t>(i)] -= pad(i);
    y[at] = x.Contains(from) ? x[from] : value;
  });
  return y;
}

Array Reshape(const Node& node, Inputs inputs) {
  Array y = *inputs[0];
  const bool allow_zero = AttributeOr<int64_t>(node, "allowzero", 0) != 0;
  Shape shape;
  for (const double wanted : inputs[1]->values) {
    const auto dim = static_cast<int64_t>(wanted);
    shape.push_back(dim == 0 && !allow_zero ? y.shape()[shape.rank()] : dim);
  }
  // The one dimension that is -1 is what makes the numbers of elements equal.
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] != -1) continue;
    shape[i] = 0;
    for (int64_t count = -1; count != y.shape().ElementCount(); count = shape.ElementCount()) {
      RECTIFIER_CHECK(count < y.shape().ElementCount());
      ++shape[i];
    }
  }
  RECTIFIER_CHECK(shape.ElementCount() == y.shape().ElementCount());
  y.type.shape = shape;
  return y;
}

Array Transpose(const Node& node, Inputs inputs) {
  const Array& x = *inputs[0];
  const auto rank = static_cast<size_t>(x.rank());
  std::vector<int64_t> perm = IntsOr(node, "perm", {});
  while (perm.size() < rank) perm.push_back(x.rank() - 1 - static_cast<int64_t>(perm.size()));
  TensorType type = x.type;
  for (size_t i = 0; i < rank; ++i) {
    type.shape[static_cast<int>(i)] = x.shape()[static_cast<int>(perm[i])];
  }
  Array y = Zeros(type);
  ForEach(x.shape(), [&](const Coordinates& from) {
    Coordinates to(rank);
    for (size_t i = 0; i < rank; ++i) to[i] = from[static_cast<size_t>(perm[i])];
    y[to] = x[from];
  });
  return y;
}

}  // namespace rectifier::reference
