#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "server/core/tensor.h"

namespace rectifier::reference {

using Coordinates = std::vector<int64_t>;

// A tensor as the reference sees it: its elements are doubles in row-major order, whatever their
// type (integers above 2^53 are not exact).
struct Array {
  TensorType type;
  std::vector<double> values;

  const Shape& shape() const { return type.shape; }
  int rank() const { return type.shape.rank(); }

  // `at` has one coordinate for each dimension.
  bool Contains(const Coordinates& at) const;
  double& operator[](const Coordinates& at);
  double operator[](const Coordinates& at) const;
};

// All elements are 0.
Array Zeros(const TensorType& type);
Array Zeros(const Shape& shape);  // of f32

Array FromTensor(const TensorView& tensor);
Tensor ToTensor(const Array& array);  // rounds floats once

// Calls `visit` with every coordinate of a tensor of this shape, in row-major order; once, with no
// coordinates, for a scalar.
template <typename Visit>
void ForEach(const Shape& shape, Visit visit) {
  for (const int64_t dim : shape.dims()) {
    if (dim == 0) return;
  }
  Coordinates at(static_cast<size_t>(shape.rank()), 0);
  while (true) {
    visit(static_cast<const Coordinates&>(at));
    int axis = shape.rank() - 1;
    for (; axis >= 0; --axis) {
      int64_t& coordinate = at[static_cast<size_t>(axis)];
      if (++coordinate < shape[axis]) break;
      coordinate = 0;
    }
    if (axis < 0) return;
  }
}

// The element of `array` that NumPy's broadcasting puts at the coordinates `at` of a result: shapes
// are aligned at their ends, and a dimension of 1 is repeated.
double Broadcast(const Array& array, const Coordinates& at);

// The shape of an elementwise operation on both.
Shape BroadcastShape(const Shape& a, const Shape& b);

// What an element of this type becomes when `value` is computed for it: integers are truncated and
// wrap around, and are 0 where `value` is no finite number.
double Stored(DType dtype, double value);

// The elements of a list of integers. Those that no double holds exactly are still in their order,
// at the ends of what fits.
std::vector<int64_t> Integers(const Array& list);

}  // namespace rectifier::reference
