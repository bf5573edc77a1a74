#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/reference/attributes.h"
#include "tests/reference/kernels.h"
#include "tests/reference/sliding_axis.h"

namespace rectifier::reference {
namespace {

// What one window sees.
struct Seen {
  std::vector<double> inside;  // the elements of the input
  int64_t padding = 0;         // how many of its positions lie in the padding
};

// Reduces every window's elements to one with `reduce`.
template <typename Reduce>
Array Pool(const Node& node, const Array& x, Reduce reduce) {
  const auto kernel = IntsOr(node, "kernel_shape", {});
  const auto axes = SlidingAxes(node, kernel, x.shape());
  Shape shape{x.shape()[0], x.shape()[1]};
  for (const SlidingAxis& axis : axes) shape.push_back(static_cast<int64_t>(axis.starts.size()));
  Array y = Zeros(shape);
  ForEach(shape, [&](const Coordinates& at) {
    Seen seen;
    ForEach(Shape(kernel), [&](const Coordinates& position) {
      Coordinates from = at;
      bool padded = true;  // inside the input or its padding, not beyond (ceil_mode)
      for (size_t i = 0; i < axes.size(); ++i) {
        from[2 + i] =
            axes[i].starts[static_cast<size_t>(at[2 + i])] + position[i] * axes[i].dilation;
        padded &= from[2 + i] < x.shape()[static_cast<int>(2 + i)] + axes[i].pad_end;
      }
      if (x.Contains(from)) {
        seen.inside.push_back(x[from]);
      } else if (padded) {
        ++seen.padding;
      }
    });
    y[at] = reduce(seen);
  });
  return y;
}

double Sum(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}

}  // namespace

Array MaxPool(const Node& node, Inputs inputs) {
  return Pool(node, *inputs[0], [](const Seen& seen) {
    double largest = -std::numeric_limits<double>::infinity();
    for (const double value : seen.inside) largest = std::max(largest, value);
    return largest;
  });
}

Array AveragePool(const Node& node, Inputs inputs) {
  const bool include_pad = AttributeOr<int64_t>(node, "count_include_pad", 0) != 0;
  return Pool(node, *inputs[0], [include_pad](const Seen& seen) {
    const auto inside = static_cast<double>(seen.inside.size());
    return Sum(seen.inside) / (inside + (include_pad ? static_cast<double>(seen.padding) : 0));
  });
}

// (Σ |x|^p)^(1/p)
Array LpPool(const Node& node, Inputs inputs) {
  const auto p = static_cast<double>(AttributeOr<int64_t>(node, "p", 2));
  return Pool(node, *inputs[0], [p](const Seen& seen) {
    double sum = 0;
    for (const double value : seen.inside) sum += std::pow(std::abs(value), p);
    return std::pow(sum, 1 / p);
  });
}

Array GlobalAveragePool(const Node&, Inputs inputs) {
  const Array& x = *inputs[0];
  Shape shape{x.shape()[0], x.shape()[1]};
  double count = 1;
  for (int i = 2; i < x.rank(); ++i) {
    shape.push_back(1);
    count *= static_cast<double>(x.shape()[i]);
  }
  Array y = Zeros(shape);
  ForEach(x.shape(), [&](const Coordinates& at) {
    Coordinates to(at.size(), 0);
    to[0] = at[0];
    to[1] = at[1];
    y[to] += x[at] / count;
  });
  return y;
}

}  // namespace rectifier::reference
