#include "server/engine/kernels/pad.h"

#include <algorithm>

#include "server/engine/kernels/parallel.h"

namespace rectifier::kernels {

void Pad(const Padding& padding, float* y, const float* x, float value) {
  constexpr int64_t kLeast = int64_t{1} << 15;  // numbers for a thread
  const std::array<int64_t, 3>& from = padding.input;
  const int64_t depth = padding.output[0];
  const int64_t height = padding.output[1];
  const int64_t row = padding.output[2] * padding.channels;
  const int64_t kept = from[2] * padding.channels;
  const int64_t before = padding.begin[2] * padding.channels;
  const auto write_row = [&](int64_t index) {
    const int64_t i = index / height % depth - padding.begin[0];
    const int64_t j = index % height - padding.begin[1];
    float* to = y + index * row;
    if (i < 0 || i >= from[0] || j < 0 || j >= from[1]) {
      std::fill_n(to, row, value);
      return;
    }
    const int64_t sample = index / height / depth;
    to = std::fill_n(to, before, value);
    to = std::copy_n(x + ((sample * from[0] + i) * from[1] + j) * kept, kept, to);
    std::fill_n(to, row - before - kept, value);
  };
  ParallelFor(padding.samples * depth * height, kLeast / std::max<int64_t>(1, row) + 1,
              [&](int64_t begin, int64_t end) {
                for (int64_t index = begin; index < end; ++index) write_row(index);
              });
}

}  // namespace rectifier::kernels
