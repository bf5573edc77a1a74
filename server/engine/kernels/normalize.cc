#include "server/engine/kernels/normalize.h"

#include <algorithm>
#include <cmath>

namespace rectifier::kernels {
namespace {

using Floats4 = float __attribute__((vector_size(16), aligned(4), may_alias));
using Doubles4 = double __attribute__((vector_size(32)));

Doubles4 Load(const float* x) {
  return __builtin_convertvector(*reinterpret_cast<const Floats4*>(x), Doubles4);
}

// Σ f(x[i]), where f takes a number and a vector of them. In several sums at once, as a processor
// adds several while it waits for one.
template <typename Function>
double Sum(const float* x, int64_t count, const Function& f) {
  Doubles4 sums[4] = {};
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    for (int64_t j = 0; j < 4; ++j) sums[j] += f(Load(x + i + 4 * j));
  }
  const Doubles4 four = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  double sum = (four[0] + four[1]) + (four[2] + four[3]);
  for (; i < count; ++i) sum += f(static_cast<double>(x[i]));
  return sum;
}

// sums[c] += x[c], and (x[c] − mean[c])², over all positions of a channels-last sample.
void AddPositions(const GroupNormalization& shape, const float* __restrict x,
                  double* __restrict sums) {
  for (int64_t p = 0; p < shape.positions; ++p, x += shape.channels) {
    for (int64_t c = 0; c < shape.channels; ++c) sums[c] += x[c];
  }
}
void AddSquares(const GroupNormalization& shape, const float* __restrict x,
                const double* __restrict mean, double* __restrict sums) {
  for (int64_t p = 0; p < shape.positions; ++p, x += shape.channels) {
    for (int64_t c = 0; c < shape.channels; ++c) {
      const double difference = x[c] - mean[c];
      sums[c] += difference * difference;
    }
  }
}

// mean[c] = the sum of a channel, then deviation[c] that of the squares of the differences.
void SumChannels(const GroupNormalization& shape, const float* x, double* mean) {
  if (shape.channels_last) {
    std::fill_n(mean, shape.channels, 0.0);
    return AddPositions(shape, x, mean);
  }
  for (int64_t c = 0; c < shape.channels; ++c, x += shape.positions) {
    mean[c] = Sum(x, shape.positions, [](auto value) { return value; });
  }
}
void SumSquares(const GroupNormalization& shape, const float* x, const double* mean,
                double* deviation) {
  if (shape.channels_last) {
    std::fill_n(deviation, shape.channels, 0.0);
    return AddSquares(shape, x, mean, deviation);
  }
  for (int64_t c = 0; c < shape.channels; ++c, x += shape.positions) {
    deviation[c] = Sum(x, shape.positions, [center = mean[c]](auto value) {
      return (value - center) * (value - center);
    });
  }
}

// y[i] = f(factor · x[i] + offset) with numbers for all, or vectors for each of four elements.
template <typename Factor, typename Slope>
void ScaleFour(float* y, const float* x, const Factor& factor, const Factor& offset,
               const Slope& slope) {
  const Floats4 scaled = __builtin_convertvector(factor * Load(x) + offset, Floats4);
  *reinterpret_cast<Floats4*>(y) = scaled > Floats4{} ? scaled : slope * scaled;
}
void ScaleOne(float* y, const float* x, double factor, double offset, float slope) {
  const auto scaled = static_cast<float>(factor * *x + offset);
  *y = scaled > 0 ? scaled : slope * scaled;
}

Doubles4 LoadDoubles(const double* x) {
  return Doubles4{x[0], x[1], x[2], x[3]};
}

// y = f(factor[c] · x + offset[c]), in place when y is x.
void Scale(const GroupNormalization& shape, float* y, const float* x, const double* factor,
           const double* offset, const float* slopes) {
  const auto slope = [&](int64_t c) { return slopes == nullptr ? 1.0F : slopes[c]; };
  if (!shape.channels_last) {
    for (int64_t c = 0; c < shape.channels; ++c, x += shape.positions, y += shape.positions) {
      int64_t p = 0;
      for (; p + 4 <= shape.positions; p += 4) {
        ScaleFour(y + p, x + p, factor[c], offset[c], slope(c));
      }
      for (; p < shape.positions; ++p) ScaleOne(y + p, x + p, factor[c], offset[c], slope(c));
    }
    return;
  }
  const Floats4 ones = {1, 1, 1, 1};
  for (int64_t p = 0; p < shape.positions; ++p, x += shape.channels, y += shape.channels) {
    int64_t c = 0;
    for (; c + 4 <= shape.channels; c += 4) {
      const Floats4 four = slopes == nullptr ? ones : *reinterpret_cast<const Floats4*>(slopes + c);
      ScaleFour(y + c, x + c, LoadDoubles(factor + c), LoadDoubles(offset + c), four);
    }
    for (; c < shape.channels; ++c) ScaleOne(y + c, x + c, factor[c], offset[c], slope(c));
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
                     const float* bias, const float* slopes, double* scratch) {
  double* mean = scratch;
  double* deviation = scratch + shape.channels;
  const int64_t sample = shape.channels * shape.positions;
  const int64_t group_size = shape.channels / shape.groups;
  for (int64_t n = 0; n < shape.samples; ++n, x += sample, y += sample) {
    SumChannels(shape, x, mean);
    AverageOverGroups(shape, mean);
    SumSquares(shape, x, mean, deviation);
    AverageOverGroups(shape, deviation);
    // From here on y = factor · x + offset, in the same places.
    for (int64_t c = 0; c < shape.channels; ++c) {
      const int64_t at = shape.scale_per_group ? c / group_size : c;
      const double factor = scale[at] / std::sqrt(deviation[c] + shape.epsilon);
      deviation[c] = factor;
      mean[c] = bias[at] - factor * mean[c];
    }
    Scale(shape, y, x, deviation, mean, slopes);
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
