#pragma once

#include <array>
#include <cstdint>

namespace rectifier::kernels {

// A convolution over channels-last x [samples, height, width, C] (a height of 1 for one dimension)
// whose filters each see all C channels:
//
//   y[n, i, j, m] = g(f(bias[m] + Σ w[m, c, k, l] · x[n, i·stride − pad + k·dilation, …, c])
//                     + addends[0][n, i, j, m] + addends[1][n, i, j, m])
//
// or, of windows of such y that lie side by side, the greatest number (see `pool`). Arrays are
// {height, width}. The sum is taken in one order, with one rounding for each product and its
// addition, wherever a position lies in the batch and whatever the number of threads.
struct Convolution {
  int64_t samples = 0;
  int64_t in_channels = 0;  // at most kMostChannels where windows see padding
  int64_t out_channels = 0;
  std::array<int64_t, 2> input{};
  std::array<int64_t, 2> output{};
  std::array<int64_t, 2> kernel{};  // at most kMostTaps in all
  std::array<int64_t, 2> strides{};
  std::array<int64_t, 2> dilations{};
  std::array<int64_t, 2> pads_begin{};
  int64_t y_step = 0;  // numbers from position to position of y, at least out_channels
  // Windows of `output`, at most kMostPooled positions each; what fills no window is left out. One
  // begins at the lowest number, and passes over NaN, as oneDNN's do.
  std::array<int64_t, 2> pool = {1, 1};

  bool IsPooled() const { return pool[0] * pool[1] > 1; }

  static constexpr int64_t kMostPooled = 8;
  static constexpr int64_t kMostChannels = 8192;
  static constexpr int64_t kMostTaps = 512;
  static constexpr int64_t kShortRow = 16;  // a row of taps with fewer numbers is short
};

// x > 0 ? x : slope · x, with a slope for each channel or one for all; one of exactly 0 is ReLU,
// which is 0 for every other x.
struct ChannelSlopes {
  const float* of_channels = nullptr;
  float of_all = 1;

  bool IsIdentity() const { return of_channels == nullptr && of_all == 1; }
};

// What becomes of each sum. Pointers may be null.
struct ConvolutionEnd {
  const float* bias = nullptr;            // [M]
  ChannelSlopes before_addition{};        // f
  std::array<const float*, 2> addends{};  // as y lies; one may be y itself; none where it is pooled
  ChannelSlopes after_addition{};         // g
};

// Whether rows of taps are so short that finding x and storing y would take as long as the
// products.
bool HasShortRows(const Convolution& shape);

// Elements of the filters as Convolve() reads them: with M rounded up to whole vectors.
int64_t PackedFilterSize(const Convolution& shape);

// Filters [M, C, kernel height, kernel width], so laid. What they become depends on these four
// dimensions alone.
void PackFilters(const Convolution& shape, float* packed, const float* filters);

// `cache_bytes` of the second level, of each core: what is worked on at a time is chosen to fit.
void Convolve(const Convolution& shape, float* y, const float* x, const float* packed_filters,
              const ConvolutionEnd& end, int64_t cache_bytes);

}  // namespace rectifier::kernels
