#include "server/engine/kernels/normalize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "server/engine/kernels/parallel.h"

namespace rectifier::kernels {
namespace {

using Floats4 = float __attribute__((vector_size(16)));
using Doubles4 = double __attribute__((vector_size(32)));

// Wherever they lie.
Floats4 LoadFloats(const float* x) {
  Floats4 floats;
  std::memcpy(&floats, x, sizeof(floats));
  return floats;
}

Doubles4 Load(const float* x) { return __builtin_convertvector(LoadFloats(x), Doubles4); }

// What mean and variance follow from.
struct Sums {
  double of_values;
  double of_squares;
};

// In several sums at once, as a processor adds several while it waits for one.
Sums SumUp(const float* x, int64_t count) {
  Doubles4 values[4] = {};
  Doubles4 squares[4] = {};
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    for (int64_t j = 0; j < 4; ++j) {
      const Doubles4 four = Load(x + i + 4 * j);
      values[j] += four;
      squares[j] += four * four;
    }
  }
  const auto total = [](const Doubles4* sums) {
    const Doubles4 four = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    return (four[0] + four[1]) + (four[2] + four[3]);
  };
  Sums sums{total(values), total(squares)};
  for (; i < count; ++i) {
    const double value = x[i];
    sums.of_values += value;
    sums.of_squares += value * value;
  }
  return sums;
}

// Some of the channels.
struct Channels {
  int64_t begin;
  int64_t end;
};

// values[c] = the sum of a channel of a sample, and squares[c] that of its squares.
void SumChannels(const GroupNormalization& shape, Channels channels, const float* __restrict x,
                 double* __restrict values, double* __restrict squares) {
  if (!shape.channels_last) {
    for (int64_t c = channels.begin; c < channels.end; ++c) {
      const Sums sums = SumUp(x + c * shape.positions, shape.positions);
      values[c] = sums.of_values;
      squares[c] = sums.of_squares;
    }
    return;
  }
  std::fill(values + channels.begin, values + channels.end, 0.0);
  std::fill(squares + channels.begin, squares + channels.end, 0.0);
  for (int64_t p = 0; p < shape.positions; ++p, x += shape.channels) {
    for (int64_t c = channels.begin; c < channels.end; ++c) {
      const double value = x[c];
      values[c] += value;
      squares[c] += value * value;
    }
  }
}

// y[i] = f(factor · x[i] + offset) with numbers for all, or vectors for each of four elements.
template <typename Factor, typename Slope>
void ScaleFour(float* y, const float* x, const Factor& factor, const Factor& offset, Slope slope) {
  const Floats4 scaled = __builtin_convertvector(factor * Load(x) + offset, Floats4);
  const Floats4 result = scaled > Floats4{} ? scaled : slope * scaled;
  std::memcpy(y, &result, sizeof(result));
}
void ScaleOne(float* y, const float* x, double factor, double offset, float slope) {
  const auto scaled = static_cast<float>(factor * *x + offset);
  *y = scaled > 0 ? scaled : slope * scaled;
}

Doubles4 LoadDoubles(const double* x) { return Doubles4{x[0], x[1], x[2], x[3]}; }

// y = f(factor[c] · x + offset[c]), in place when y is x: of rows [begin, end), which are channels,
// or positions where the channels lie last.
void Scale(const GroupNormalization& shape, int64_t begin, int64_t end, float* y, const float* x,
           const double* factor, const double* offset, const float* slopes) {
  const auto slope = [&](int64_t c) { return slopes == nullptr ? 1.0F : slopes[c]; };
  if (!shape.channels_last) {
    for (int64_t c = begin; c < end; ++c) {
      const float* from = x + c * shape.positions;
      float* to = y + c * shape.positions;
      int64_t p = 0;
      for (; p + 4 <= shape.positions; p += 4) {
        ScaleFour(to + p, from + p, factor[c], offset[c], slope(c));
      }
      for (; p < shape.positions; ++p) ScaleOne(to + p, from + p, factor[c], offset[c], slope(c));
    }
    return;
  }
  const Floats4 ones = {1, 1, 1, 1};
  for (int64_t p = begin; p < end; ++p) {
    const float* from = x + p * shape.channels;
    float* to = y + p * shape.channels;
    int64_t c = 0;
    for (; c + 4 <= shape.channels; c += 4) {
      const Floats4 four = slopes == nullptr ? ones : LoadFloats(slopes + c);
      ScaleFour(to + c, from + c, LoadDoubles(factor + c), LoadDoubles(offset + c), four);
    }
    for (; c < shape.channels; ++c) ScaleOne(to + c, from + c, factor[c], offset[c], slope(c));
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
  double* square = scratch + shape.channels;
  const int64_t sample = shape.channels * shape.positions;
  const int64_t group_size = shape.channels / shape.groups;
  // Threads take channels, so that no sum depends on how many they are; several at least, as they
  // lie in one cache line.
  constexpr int64_t kLeast = 1 << 14;  // elements for a thread
  const int64_t channels = std::max<int64_t>(16, kLeast / std::max<int64_t>(1, shape.positions));
  const int64_t rows = shape.channels_last ? shape.positions : shape.channels;
  for (int64_t n = 0; n < shape.samples; ++n, x += sample, y += sample) {
    ParallelFor(shape.channels, channels, [&](int64_t begin, int64_t end) {
      SumChannels(shape, {begin, end}, x, mean, square);
    });
    AverageOverGroups(shape, mean);
    AverageOverGroups(shape, square);
    // From here on y = factor · x + offset, in the same places.
    for (int64_t c = 0; c < shape.channels; ++c) {
      const int64_t at = shape.scale_per_group ? c / group_size : c;
      // In double this loses nothing that the elements, of half its digits, had told apart.
      const double variance = std::max(0.0, square[c] - mean[c] * mean[c]);
      const double factor = scale[at] / std::sqrt(variance + shape.epsilon);
      square[c] = factor;
      mean[c] = bias[at] - factor * mean[c];
    }
    ParallelFor(
        rows, kLeast / std::max<int64_t>(1, sample / std::max<int64_t>(1, rows)),
        [&](int64_t begin, int64_t end) { Scale(shape, begin, end, y, x, square, mean, slopes); });
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
