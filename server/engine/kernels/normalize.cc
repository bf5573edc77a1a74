#include "server/engine/kernels/normalize.h"

#include <algorithm>
#include <cmath>

namespace rectifier::kernels {
namespace {

// Calls visit(channel, element) for all elements of a sample in the order in which they lie.
template <typename Visit>
void ForEachElement(const GroupNormalization& shape, const Visit& visit) {
  if (shape.channels_last) {
    for (int64_t p = 0; p < shape.positions; ++p) {
      for (int64_t c = 0; c < shape.channels; ++c) visit(c, p * shape.channels + c);
    }
    return;
  }
  for (int64_t c = 0; c < shape.channels; ++c) {
    for (int64_t p = 0; p < shape.positions; ++p) visit(c, c * shape.positions + p);
  }
}

// Every channel's entry becomes the mean over its group, of `count` elements for each channel.
void AverageOverGroups(const GroupNormalization& shape, double* of_channel) {
  const int64_t size = shape.channels / shape.groups;
  const auto count = static_cast<double>(size * shape.positions);
  for (int64_t g = 0; g < shape.groups; ++g) {
    double sum = 0;
    for (int64_t c = 0; c < size; ++c) sum += of_channel[g * size + c];
    std::fill_n(of_channel + g * size, size, sum / count);
  }
}

}  // namespace

void NormalizeGroups(const GroupNormalization& shape, float* y, const float* x, const float* scale,
                     const float* bias, double* scratch) {
  double* mean = scratch;
  double* deviation = scratch + shape.channels;
  const int64_t sample = shape.channels * shape.positions;
  const int64_t group_size = shape.channels / shape.groups;
  for (int64_t n = 0; n < shape.samples; ++n, x += sample, y += sample) {
    std::fill_n(scratch, 2 * shape.channels, 0.0);
    ForEachElement(shape, [&](int64_t c, int64_t i) { mean[c] += x[i]; });
    AverageOverGroups(shape, mean);
    ForEachElement(shape, [&](int64_t c, int64_t i) {
      const double difference = x[i] - mean[c];
      deviation[c] += difference * difference;
    });
    AverageOverGroups(shape, deviation);
    // From here on y = factor · x + offset, in the same places.
    for (int64_t c = 0; c < shape.channels; ++c) {
      const int64_t at = shape.scale_per_group ? c / group_size : c;
      const double factor = scale[at] / std::sqrt(deviation[c] + shape.epsilon);
      deviation[c] = factor;
      mean[c] = bias[at] - factor * mean[c];
    }
    ForEachElement(shape, [&](int64_t c, int64_t i) {
      y[i] = static_cast<float>(deviation[c] * x[i] + mean[c]);
    });
  }
}

void NormalizeLayer(const LayerNormalization& shape, float* y, const float* x, const float* scale,
                    const float* bias, float* mean, float* inverse_deviation) {
  const auto count = static_cast<double>(shape.size);
  for (int64_t row = 0; row < shape.rows; ++row, x += shape.size, y += shape.size) {
    double sum = 0;
    for (int64_t i = 0; i < shape.size; ++i) sum += x[i];
    const double center = sum / count;
    double squares = 0;
    for (int64_t i = 0; i < shape.size; ++i) squares += (x[i] - center) * (x[i] - center);
    const double inverse = 1 / std::sqrt(squares / count + shape.epsilon);
    for (int64_t i = 0; i < shape.size; ++i) {
      const double normal = (x[i] - center) * inverse * scale[i];
      y[i] = static_cast<float>(bias == nullptr ? normal : normal + bias[i]);
    }
    if (mean != nullptr) mean[row] = static_cast<float>(center);
    if (inverse_deviation != nullptr) inverse_deviation[row] = static_cast<float>(inverse);
  }
}

}  // namespace rectifier::kernels
