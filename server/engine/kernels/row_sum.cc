#include "server/engine/kernels/row_sum.h"

#include <algorithm>

#include "server/engine/kernels/parallel.h"

namespace rectifier::kernels {
namespace {

// What a row of y is the sum of: so many taps, from z on.
struct Row {
  const float* z;
  int64_t taps;
};

// Channels [m, m + kCount) of all columns.
template <int64_t kCount>
void SumChannels(const RowSum& shape, const Row& row, int64_t m, float* y, const float* bias) {
  const int64_t position = shape.taps * shape.channels;  // of z
  // From a tap to the next one: its row, and its place there.
  const int64_t step = shape.dilation * shape.columns * position + shape.channels;
  for (int64_t j = 0; j < shape.columns; ++j) {
    float sums[kCount];
    for (int64_t i = 0; i < kCount; ++i) sums[i] = bias == nullptr ? 0.0F : bias[m + i];
    const float* z = row.z + j * position + m;
    for (int64_t k = 0; k < row.taps; ++k, z += step) {
      for (int64_t i = 0; i < kCount; ++i) sums[i] += z[i];
    }
    std::copy_n(sums, kCount, y + j * shape.channels + m);
  }
}

// Row `i` of sample `n`.
void SumRow(const RowSum& shape, int64_t n, int64_t i, float* y, const float* z,
            const float* bias) {
  const int64_t first = i - shape.pad;
  const auto taps_below = [&](int64_t row) {  // whose rows come before it
    const int64_t distance = row - first;
    return std::clamp((distance + shape.dilation - 1) / shape.dilation, int64_t{0}, shape.taps);
  };
  const int64_t tap = taps_below(0);
  const int64_t z_row = n * shape.z_rows + first + tap * shape.dilation;
  const int64_t row_size = shape.columns * shape.taps * shape.channels;
  const int64_t taps = taps_below(shape.z_rows) - tap;
  const Row row{taps == 0 ? z : z + z_row * row_size + tap * shape.channels, taps};
  int64_t m = 0;
  for (; m + 8 <= shape.channels; m += 8) SumChannels<8>(shape, row, m, y, bias);
  for (; m + 3 <= shape.channels; m += 3) SumChannels<3>(shape, row, m, y, bias);
  for (; m < shape.channels; ++m) SumChannels<1>(shape, row, m, y, bias);
}

}  // namespace

void SumRows(const RowSum& shape, float* y, const float* z, const float* bias) {
  const int64_t size = shape.columns * shape.channels;
  constexpr int64_t kLeast = 1 << 14;  // elements for a thread
  ParallelFor(shape.samples * shape.rows, kLeast / std::max<int64_t>(1, size),
              [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; ++i) {
                  SumRow(shape, i / shape.rows, i % shape.rows, y + i * size, z, bias);
                }
              });
}

}  // namespace rectifier::kernels
