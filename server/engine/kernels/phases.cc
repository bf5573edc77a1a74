#include "server/engine/kernels/phases.h"

#include <algorithm>
#include <cstring>

#include "server/engine/kernels/parallel.h"

namespace rectifier::kernels {
namespace {

// `count` blocks of kSize elements, one behind the other in `to` and `step` apart in `from`.
template <int64_t kSize>
void CopyBlocks(float* to, const float* from, int64_t step, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    std::memcpy(to + i * kSize, from + i * step, kSize * sizeof(float));
  }
}

// A size that the compiler knows is a move or two; else it is a call for each block.
void CopyBlocks(float* to, const float* from, int64_t size, int64_t step, int64_t count) {
  switch (size) {
    case 1:
      return CopyBlocks<1>(to, from, step, count);
    case 2:
      return CopyBlocks<2>(to, from, step, count);
    case 3:
      return CopyBlocks<3>(to, from, step, count);
    case 4:
      return CopyBlocks<4>(to, from, step, count);
    case 6:
      return CopyBlocks<6>(to, from, step, count);
    case 8:
      return CopyBlocks<8>(to, from, step, count);
    default:
      for (int64_t i = 0; i < count; ++i) {
        std::copy_n(from + i * step, size, to + i * size);
      }
  }
}

}  // namespace

void GatherPhases(const PhaseGather& shape, float* y, const float* z) {
  const int64_t block = shape.stride_w * shape.channels;  // of neighbours along the width
  const int64_t step = shape.stride_h * block;            // from one position to the next
  const int64_t wanted = shape.width * shape.channels;
  // The first block of a row may lack its beginning, and the last one its end.
  const int64_t skipped = shape.crop_w * shape.channels;
  const int64_t first = std::min(skipped == 0 ? 0 : block - skipped, wanted);
  const int64_t whole = (wanted - first) / block;
  const int64_t copied = first + whole * block;
  const auto copy_row = [&](int64_t n, int64_t i) {
    const int64_t a = i + shape.crop_h;
    const float* from = z + (n * shape.rows + a / shape.stride_h) * shape.columns * step +
                        a % shape.stride_h * block;
    float* to = y + (n * shape.height + i) * wanted;
    std::copy_n(from + skipped, first, to);
    if (first > 0) from += step;
    CopyBlocks(to + first, from, block, step, whole);
    std::copy_n(from + whole * step, wanted - copied, to + copied);
  };
  constexpr int64_t kLeast = 1 << 14;  // elements for a thread
  ParallelFor(shape.samples * shape.height, kLeast / std::max<int64_t>(1, wanted),
              [&](int64_t begin, int64_t end) {
                for (int64_t row = begin; row < end; ++row) {
                  copy_row(row / shape.height, row % shape.height);
                }
              });
}

}  // namespace rectifier::kernels
