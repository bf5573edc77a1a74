#include "server/engine/kernels/convolve_panel.h"

#include <immintrin.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "server/engine/kernels/convolve_span.h"

namespace rectifier::kernels {
namespace {

constexpr int64_t kLanes = 8;

template <int kVectors>
void Pool(const Convolution& shape, int64_t channels, int64_t columns, const float* results,
          float* y) {
  constexpr int64_t kWidth = kVectors * kLanes;
  const auto [pool_rows, pool_columns] = shape.pool;
  for (int64_t column = 0; column < columns; column += pool_columns, y += shape.y_step) {
    __m256 greatest[kVectors];
    for (__m256& vector : greatest) vector = _mm256_set1_ps(std::numeric_limits<float>::lowest());
    for (int64_t k = 0; k < pool_rows; ++k) {
      const float* row = results + (k * columns + column) * kWidth;
      for (int64_t l = 0; l < pool_columns; ++l, row += kWidth) {
        // Of a NaN and the second operand, the maximum is the latter.
        for (int v = 0; v < kVectors; ++v) {
          greatest[v] = _mm256_max_ps(_mm256_loadu_ps(row + v * kLanes), greatest[v]);
        }
      }
    }
    alignas(32) float whole[kWidth];
    float* to = channels == kWidth ? y : whole;
    for (int v = 0; v < kVectors; ++v) _mm256_storeu_ps(to + v * kLanes, greatest[v]);
    if (to != y) std::memcpy(y, whole, static_cast<size_t>(channels) * sizeof(float));
  }
}

}  // namespace

int64_t PanelsOf(const Convolution& shape) { return CeilDivide(shape.out_channels, kPanel); }

int64_t PanelWidth(const Convolution& shape, int64_t panel) {
  return shape.out_channels - panel * kPanel > kNarrowChannels ? kPanel : kNarrowChannels;
}

Panel::Panel(const Convolution& shape, const ConvolutionEnd& end, int64_t panel)
    : before_addition(end.before_addition),
      after_addition(end.after_addition),
      channels(std::min(kPanel, shape.out_channels - panel * kPanel)) {
  const auto copy = [&](float* to, const float* from) {
    if (from == nullptr) return;
    std::memcpy(to, from + panel * kPanel, static_cast<size_t>(channels) * sizeof(float));
  };
  copy(bias, end.bias);
  copy(before, end.before_addition.of_channels);
  copy(after, end.after_addition.of_channels);
  if (before_addition.of_channels != nullptr) before_addition.of_channels = before;
  if (after_addition.of_channels != nullptr) after_addition.of_channels = after;
}

void Panel::Describe(TileCall& call) const {
  call.bias = bias;
  call.before = before_addition.IsIdentity() ? nullptr : &before_addition;
  call.after = after_addition.IsIdentity() ? nullptr : &after_addition;
}

void PoolBand(const Convolution& shape, int64_t panel, int64_t columns, const float* results,
              float* y) {
  const int64_t width = PanelWidth(shape, panel);
  const int64_t channels = std::min(width, shape.out_channels - panel * kPanel);
  (width == kPanel
       ? Pool<kWideChannels / kLanes>
       : Pool<kNarrowChannels / kLanes>)(shape, channels, columns, results, y + panel * kPanel);
}

}  // namespace rectifier::kernels
