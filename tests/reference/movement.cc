#include <numeric>
#include <string>

#include "server/core/check.h"
#include "tests/reference/attributes.h"
#include "tests/reference/kernels.h"

namespace rectifier::reference {
namespace {

// Where x's dimension of `dim` is read for `position`, which may lie outside: found by stepping
// back into it.
int64_t PaddingSource(const std::string& mode, int64_t position, int64_t dim) {
  if (dim == 1) return 0;
  while (position < 0 || position >= dim) {
    const bool before = position < 0;
    if (mode == "edge") {
      position = before ? 0 : dim - 1;
    } else if (mode == "wrap") {
      position += before ? dim : -dim;
    } else {  // reflect: the outermost element is not repeated
      position = before ? -position : 2 * (dim - 1) - position;
    }
  }
  return position;
}

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

// y[at] = x[at − pads at the beginning], or what the mode puts where x has no such element.
Array Pad(const Node& node, Inputs inputs) {
  const Array& x = *inputs[0];
  const auto mode = AttributeOr<std::string>(node, "mode", "constant");
  const auto listed = Integers(*inputs[1]);
  const double value = inputs.size() > 2 && inputs[2] != nullptr ? inputs[2]->values[0] : 0;
  std::vector<int64_t> axes(static_cast<size_t>(x.rank()));
  std::iota(axes.begin(), axes.end(), 0);
  if (inputs.size() > 3 && inputs[3] != nullptr) axes = Integers(*inputs[3]);
  Coordinates begin(static_cast<size_t>(x.rank()), 0);
  TensorType type = x.type;
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto axis = static_cast<size_t>(FromFront(axes[i], x.rank()));
    begin[axis] = listed[i];
    type.shape[static_cast<int>(axis)] += listed[i] + listed[axes.size() + i];
  }
  Array y = Zeros(type);
  ForEach(y.shape(), [&](const Coordinates& at) {
    Coordinates from = at;
    for (size_t i = 0; i < from.size(); ++i) {
      from[i] -= begin[i];
      if (mode != "constant") {
        from[i] = PaddingSource(mode, from[i], x.shape()[static_cast<int>(i)]);
      }
    }
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
