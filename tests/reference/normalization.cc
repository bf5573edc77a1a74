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

// x − log Σ exp(x), the sum over one axis or, with `flatten`, over all from that axis on. The
// largest is subtracted first: it changes no result and exp(x) stays finite.
Array LogSoftmax(const Node& node, Inputs inputs) {
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
      y[element(at)] = x[element(at)] - largest - std::log(sum);
    });
  });
  return y;
}

Array Softmax(const Node& node, Inputs inputs) {
  Array y = LogSoftmax(node, inputs);
  for (double& value : y.values) value = std::exp(value);
  return y;
}

// (x − mean) / √(variance + epsilon) · scale + bias, mean and variance over the elements of a
// group of channels of one sample. The scale is one number for each channel, or for each group.
Array GroupNormalization(const Node& node, Inputs inputs) {
  const Array& x = *inputs[0];
  const int64_t channels = x.shape()[1];
  const int64_t groups = AttributeOr<int64_t>(node, "num_groups", channels);
  const double epsilon = AttributeOr<float>(node, "epsilon", 1e-5F);
  const auto group_of = [&](const Coordinates& at) {
    return Coordinates{at[0], at[1] / (channels / groups)};
  };
  Array mean = Zeros(Shape{x.shape()[0], groups});
  Array variance = mean;
  const double count =
      static_cast<double>(x.values.size()) / static_cast<double>(mean.values.size());
  ForEach(x.shape(), [&](const Coordinates& at) { mean[group_of(at)] += x[at] / count; });
  ForEach(x.shape(), [&](const Coordinates& at) {
    variance[group_of(at)] += std::pow(x[at] - mean[group_of(at)], 2) / count;
  });
  Array y = x;
  ForEach(x.shape(), [&](const Coordinates& at) {
    const Coordinates group = group_of(at);
    const Coordinates own{inputs[1]->shape()[0] == channels ? at[1] : group[1]};
    y[at] = (x[at] - mean[group]) / std::sqrt(variance[group] + epsilon) * (*inputs[1])[own] +
            (*inputs[2])[own];
  });
  return y;
}

// Every channel is a group.
Array InstanceNormalization(const Node& node, Inputs inputs) {
  return GroupNormalization(node, inputs);
}

// The same over the dimensions from `axis` on; also the mean and 1 / √(variance + epsilon).
std::vector<Array> LayerNormalization(const Node& node, Inputs inputs) {
  const Array& x = *inputs[0];
  const int64_t axis = FromFront(AttributeOr<int64_t>(node, "axis", -1), x.rank());
  const double epsilon = AttributeOr<float>(node, "epsilon", 1e-5F);
  Shape rows = x.shape();
  double count = 1;
  for (int i = static_cast<int>(axis); i < x.rank(); ++i) {
    count *= static_cast<double>(rows[i]);
    rows[i] = 1;
  }
  const auto row_of = [&](Coordinates at) {
    std::fill(at.begin() + axis, at.end(), 0);
    return at;
  };
  Array mean = Zeros(rows);
  Array inverse = mean;
  ForEach(x.shape(), [&](const Coordinates& at) { mean[row_of(at)] += x[at]; });
  for (double& value : mean.values) value /= count;
  ForEach(x.shape(), [&](const Coordinates& at) {
    inverse[row_of(at)] += std::pow(x[at] - mean[row_of(at)], 2);
  });
  for (double& value : inverse.values) value = 1 / std::sqrt(value / count + epsilon);
  Array y = x;
  ForEach(x.shape(), [&](const Coordinates& at) {
    y[at] = (x[at] - mean[row_of(at)]) * inverse[row_of(at)] * Broadcast(*inputs[1], at);
    if (inputs.size() > 2 && inputs[2] != nullptr) y[at] += Broadcast(*inputs[2], at);
  });
  return {y, mean, inverse};
}

// x / (bias + alpha / size · Σ x²)^beta, the sum over the `size` channels around x's.
Array Lrn(const Node& node, Inputs inputs) {
  const Array& x = *inputs[0];
  const auto size = AttributeOr<int64_t>(node, "size", 1);
  const double alpha = AttributeOr<float>(node, "alpha", 1e-4F);
  const double beta = AttributeOr<float>(node, "beta", 0.75F);
  const double bias = AttributeOr<float>(node, "bias", 1);
  Array y = x;
  ForEach(x.shape(), [&](const Coordinates& at) {
    double squares = 0;
    for (int64_t channel = at[1] - size / 2; channel <= at[1] + size / 2; ++channel) {
      Coordinates near = at;
      near[1] = channel;
      if (x.Contains(near)) squares += x[near] * x[near];
    }
    y[at] = x[at] / std::pow(bias + alpha / static_cast<double>(size) * squares, beta);
  });
  return y;
}

}  // namespace rectifier::reference
