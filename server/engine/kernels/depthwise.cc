#include "server/engine/kernels/depthwise.h"

#include <algorithm>
#include <cstring>

#include "server/engine/kernels/parallel.h"

namespace rectifier::kernels {
namespace {

// Eight channels in a register, wherever they lie; GCC and Clang's own extension, as neither makes
// registers of an array by itself here.
using Channels = float __attribute__((vector_size(32)));
constexpr int64_t kLanes = 8;

// The taps of a window that lie inside the input, along one dimension.
struct Taps {
  int64_t first;
  int64_t end;
};

Taps TapsInside(const DepthwiseConvolution& shape, size_t dim, int64_t begin) {
  const int64_t dilation = shape.dilations[dim];
  const int64_t before = begin < 0 ? (-begin + dilation - 1) / dilation : 0;
  const int64_t inside = shape.input[dim] - begin;  // positions from the first tap to the end
  const int64_t end = inside <= 0 ? 0 : (inside + dilation - 1) / dilation;
  return {before, std::min(shape.kernel[dim], end)};
}

// Where the window of one output position lies.
struct Position {
  Taps rows;
  Taps columns;
  const float* x;  // of the first tap that lies inside
};

struct Parameters {
  const float* weights;
  const float* bias;
  const float* slopes;
};

// `kCount` vectors of T one behind the other, from channel c on; T has kSize channels.
template <typename T, int64_t kSize, int64_t kCount>
void ComputeBlock(const DepthwiseConvolution& shape, const Position& at,
                  const Parameters& parameters, int64_t c, float* y) {
  const auto load = [](const float* p, int64_t i) {
    T value;
    std::memcpy(&value, p + i * kSize, sizeof(value));
    return value;
  };
  T sums[kCount];
  for (int64_t i = 0; i < kCount; ++i) {
    sums[i] = parameters.bias == nullptr ? T{} : load(parameters.bias + c, i);
  }
  const int64_t row_step = shape.dilations[0] * shape.input[1] * shape.channels;
  const int64_t column_step = shape.dilations[1] * shape.channels;
  for (int64_t k = at.rows.first; k < at.rows.end; ++k) {
    for (int64_t l = at.columns.first; l < at.columns.end; ++l) {
      const float* x =
          at.x + (k - at.rows.first) * row_step + (l - at.columns.first) * column_step + c;
      const float* w = parameters.weights + (k * shape.kernel[1] + l) * shape.channels + c;
      for (int64_t i = 0; i < kCount; ++i) sums[i] += load(w, i) * load(x, i);
    }
  }
  for (int64_t i = 0; i < kCount; ++i) {
    T result = sums[i];
    if (parameters.slopes != nullptr) {
      result = result > T{} ? result : load(parameters.slopes + c, i) * result;
    }
    std::memcpy(y + c + i * kSize, &result, sizeof(result));
  }
}

// All channels of the output position (row, column) of a sample.
void ComputePosition(const DepthwiseConvolution& shape, const float* x, int64_t row, int64_t column,
                     const Parameters& parameters, float* y) {
  const int64_t top = row * shape.strides[0] - shape.pads_begin[0];
  const int64_t left = column * shape.strides[1] - shape.pads_begin[1];
  Position at{TapsInside(shape, 0, top), TapsInside(shape, 1, left), x};
  if (at.rows.first < at.rows.end && at.columns.first < at.columns.end) {
    const int64_t first_row = top + at.rows.first * shape.dilations[0];
    const int64_t first_column = left + at.columns.first * shape.dilations[1];
    at.x += (first_row * shape.input[1] + first_column) * shape.channels;
  }
  int64_t c = 0;
  for (; c + 4 * kLanes <= shape.channels; c += 4 * kLanes) {
    ComputeBlock<Channels, kLanes, 4>(shape, at, parameters, c, y);
  }
  for (; c + kLanes <= shape.channels; c += kLanes) {
    ComputeBlock<Channels, kLanes, 1>(shape, at, parameters, c, y);
  }
  for (; c < shape.channels; ++c) ComputeBlock<float, 1, 1>(shape, at, parameters, c, y);
}

}  // namespace

void ConvolveDepthwise(const DepthwiseConvolution& shape, float* y, const float* x,
                       const float* weights, const float* bias, const float* slopes) {
  const Parameters parameters{weights, bias, slopes};
  const int64_t positions = shape.output[0] * shape.output[1];
  constexpr int64_t kLeast = 1 << 14;  // elements for a thread
  ParallelFor(shape.samples * positions, kLeast / shape.channels, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float* sample = x + i / positions * shape.input[0] * shape.input[1] * shape.channels;
      const int64_t row = i % positions / shape.output[1];
      const int64_t column = i % shape.output[1];
      ComputePosition(shape, sample, row, column, parameters, y + i * shape.channels);
    }
  });
}

}  // namespace rectifier::kernels
