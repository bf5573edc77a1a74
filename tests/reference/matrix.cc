#include "tests/reference/attributes.h"
#include "tests/reference/kernels.h"

namespace rectifier::reference {

// alpha · a' · b' + beta · c, where a' is a or its transpose, likewise b'.
Array Gemm(const Node& node, Inputs inputs) {
  const Array& a = *inputs[0];
  const Array& b = *inputs[1];
  const bool transpose_a = AttributeOr<int64_t>(node, "transA", 0) != 0;
  const bool transpose_b = AttributeOr<int64_t>(node, "transB", 0) != 0;
  const double alpha = AttributeOr<float>(node, "alpha", 1);
  const double beta = AttributeOr<float>(node, "beta", 1);
  const int64_t inner = a.shape()[transpose_a ? 0 : 1];
  Array y = Zeros(Shape{a.shape()[transpose_a ? 1 : 0], b.shape()[transpose_b ? 0 : 1]});
  ForEach(y.shape(), [&](const Coordinates& at) {
    double sum = 0;
    for (int64_t k = 0; k < inner; ++k) {
      sum += a[transpose_a ? Coordinates{k, at[0]} : Coordinates{at[0], k}] *
             b[transpose_b ? Coordinates{at[1], k} : Coordinates{k, at[1]}];
    }
    y[at] = alpha * sum;
    if (inputs.size() > 2 && inputs[2] != nullptr) y[at] += beta * Broadcast(*inputs[2], at);
  });
  return y;
}

// numpy.matmul: a vector on the left is a row, one on the right a column, and the dimension that
// made it a matrix is taken away from the result.
Array MatMul(const Node&, Inputs inputs) {
  Array a = *inputs[0];
  Array b = *inputs[1];
  const bool vector_a = a.rank() == 1;
  const bool vector_b = b.rank() == 1;
  if (vector_a) a.type.shape = {1, a.shape()[0]};
  if (vector_b) b.type.shape.push_back(1);
  const int64_t inner = a.shape()[a.rank() - 1];
  const auto leading = [](const Shape& shape) {
    return Shape(shape.dims().subspan(0, static_cast<size_t>(shape.rank()) - 2));
  };
  Shape shape = BroadcastShape(leading(a.shape()), leading(b.shape()));
  const auto leading_rank = static_cast<size_t>(shape.rank());
  shape.push_back(a.shape()[a.rank() - 2]);
  shape.push_back(b.shape()[b.rank() - 1]);
  Array y = Zeros(shape);
  ForEach(shape, [&](const Coordinates& at) {
    // The leading dimensions broadcast; the last two are the matrices' own.
    Coordinates left = at;
    Coordinates right = at;
    for (int64_t k = 0; k < inner; ++k) {
      left[leading_rank + 1] = k;
      right[leading_rank] = k;
      y[at] += Broadcast(a, left) * Broadcast(b, right);
    }
  });
  Shape result = leading(shape);
  if (!vector_a) result.push_back(shape[shape.rank() - 2]);
  if (!vector_b) result.push_back(shape[shape.rank() - 1]);
  y.type.shape = result;
  return y;
}

}  // namespace rectifier::reference
