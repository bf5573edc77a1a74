#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/reference/attributes.h"
#include "tests/reference/kernels.h"

namespace rectifier::reference {

// (x − mean) / √(variance + epsilon) · scale + bias, per channel.
Array BatchNormalization(const Node& node, Inputs inputs) {
  const double epsilon = AttributeOr<float>(node, "epsilon", 1e-5F);
  Array y = *inputs[0];
  ForEach(y.shape(), [&](const Coordinates& at) {
    const Coordinates channel{at[1]};
    const double scale = (*inputs[1])[channel];
    const double bias = (*inputs[2])[channel];
    const double mean = (*inputs[3])[channel];
    const double variance = (*inputs[4])[channel];
    y[at] = (y[at] - mean) / std::sqrt(variance + epsilon) * scale + bias;
  });
  return y;
}

// exp(x) / Σ exp(x), the sum over one axis or, with `flatten`, over all from that axis on. The
// largest is subtracted first: it changes no result and exp(x) stays finite.
Array Softmax(const Node& node, Inputs inputs) {
  const Array& x = *inputs[0];
  int64_t axis = AttributeOr<int64_t>(node, "axis", -1);
  if (axis < 0) axis += x.rank();
  const bool flatten = AttributeOr<int64_t>(node, "flatten", 0) != 0;
  // The elements that are summed together: the outer loop walks one of each, the inner one them
  // all.
  Shape firsts = x.shape();
  Shape together;
  for (int i = 0; i < x.rank(); ++i) {
    const bool summed = flatten ? i >= axis : i == axis;
    together.push_back(summed ? x.shape()[i] : 1);
    if (summed) firsts[i] = std::min<int64_t>(1, firsts[i]);
  }
  Array y = x;
  ForEach(firsts, [&](const Coordinates& first) {
    const auto element = [&](const Coordinates& offset) {
      Coordinates at = first;
      for (size_t i = 0; i < at.size(); ++i) at[i] += offset[i];
      return at;
    };
    double largest = -std::numeric_limits<double>::infinity();
    ForEach(together, [&](const Coordinates& at) { largest = std::max(largest, x[element(at)]); });
    double sum = 0;
    ForEach(together, [&](const Coordinates& at) { sum += std::exp(x[element(at)] - largest); });
    ForEach(together, [&](const Coordinates& at) {
      y[element(at)] = std::exp(x[element(at)] - largest) / sum;
    });
  });
  return y;
}

}  // namespace rectifier::reference
