// Operators whose result follows from shapes, or whose shape follows from values.

#include "tests/reference/attributes.h"
#include "tests/reference/kernels.h"

namespace rectifier::reference {

Array ShapeOf(const Node& node, Inputs inputs) {
  const Array& x = *inputs[0];
  const int64_t start = FromFront(AttributeOr<int64_t>(node, "start", 0), x.rank());
  const int64_t end = FromFront(AttributeOr<int64_t>(node, "end", x.rank()), x.rank());
  Array y{{DType::kInt64, {}}, {}};
  for (int i = 0; i < x.rank(); ++i) {
    if (i >= start && i < end) y.values.push_back(static_cast<double>(x.shape()[i]));
  }
  y.type.shape = {static_cast<int64_t>(y.values.size())};
  return y;
}

Array Size(const Node&, Inputs inputs) {
  return {{DType::kInt64, {}}, {static_cast<double>(inputs[0]->values.size())}};
}

Array Range(const Node&, Inputs inputs) {
  const double start = inputs[0]->values[0];
  const double limit = inputs[1]->values[0];
  const double delta = inputs[2]->values[0];
  Array y{{inputs[0]->type.dtype, {}}, {}};
  for (double i = 0; delta > 0 ? start + i * delta < limit : start + i * delta > limit; ++i) {
    y.values.push_back(start + i * delta);
  }
  y.type.shape = {static_cast<int64_t>(y.values.size())};
  return y;
}

Array NonZero(const Node&, Inputs inputs) {
  const Array& x = *inputs[0];
  std::vector<Coordinates> found;
  ForEach(x.shape(), [&](const Coordinates& at) {
    if (x[at] != 0) found.push_back(at);
  });
  Array y = Zeros(TensorType{DType::kInt64, {x.rank(), static_cast<int64_t>(found.size())}});
  ForEach(y.shape(), [&](const Coordinates& at) {
    const Coordinates& element = found[static_cast<size_t>(at[1])];
    y[at] = static_cast<double>(element[static_cast<size_t>(at[0])]);
  });
  return y;
}

}  // namespace rectifier::reference
