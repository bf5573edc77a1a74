#pragma once

#include <cstdint>

#include "server/engine/kernels/convolve.h"
#include "server/engine/kernels/convolve_tile.h"

namespace rectifier::kernels {

inline int64_t CeilDivide(int64_t a, int64_t b) { return (a + b - 1) / b; }

inline int64_t PositionsOf(const Convolution& shape) {
  return shape.samples * shape.output[0] * shape.output[1];
}

// As many as a narrow tile has, or two wide ones.
inline constexpr int64_t kTilePositions = kNarrowPositions;

// A position of y, and where its window begins in x.
struct Position {
  int64_t sample;
  int64_t i;
  int64_t j;

  static Position At(const Convolution& shape, int64_t index) {
    const int64_t row = index / shape.output[1];
    return {row / shape.output[0], row % shape.output[0], index % shape.output[1]};
  }

  void Advance(const Convolution& shape, int64_t positions) {
    for (j += positions; j >= shape.output[1]; j -= shape.output[1]) {
      if (++i < shape.output[0]) continue;
      i = 0;
      ++sample;
    }
  }

  int64_t Row(const Convolution& shape) const { return i * shape.strides[0] - shape.pads_begin[0]; }
  int64_t Column(const Convolution& shape) const {
    return j * shape.strides[1] - shape.pads_begin[1];
  }
};

// Some positions one behind the other, at most kTilePositions.
struct Tile {
  int64_t first;  // position, of all samples
  int64_t place;  // of that position in the span
  int positions;
  const float* x;                 // of the first tap and position; null where there are addresses
  const float* const* addresses;  // [taps][positions], or, by rows, [rows of taps][positions]
};

// Where the tiles of some positions of y find their x. A tile that lies inside the image in one row
// of y finds it by a stride; any other, by the addresses of its taps, which in the padding is that
// of zeros. Where no window sees padding, those of its rows of taps are enough.
//
// Its tables are filled as far as they are used, by Add().
class Span {  // NOLINT(cppcoreguidelines-pro-type-member-init)
 public:
  static constexpr int64_t kMostPositions = 384;
  static constexpr int64_t kMostAddresses = 4096;

  Span(const Convolution& shape, const float* x);

  // Positions [begin, end) of all samples, behind those that were added before. There are at most
  // kMostPositions, which have at most kMostAddresses taps together.
  void Add(int64_t begin, int64_t end);

  // Whether addresses are those of rows of taps, which lie one behind the other.
  bool by_rows() const { return by_rows_; }
  const Tile* tiles() const { return tiles_; }
  int64_t tile_count() const { return tile_count_; }

 private:
  void PlaceRows(Position at, Tile& tile);
  void PlaceTaps(Position at, Tile& tile);

  const Convolution& shape_;
  const float* x_;
  const bool by_rows_;
  const int64_t short_;  // tiles of fewer positions are
  int64_t positions_ = 0;
  int64_t tile_count_ = 0;
  int64_t addresses_used_ = 0;
  Tile tiles_[kMostPositions];
  const float* addresses_[kMostAddresses];
};

// Cuts the positions of y into spans of at most `most` each. Where y is pooled, those are bands: as
// many of its rows as a window has, or columns of them that fill windows.
class SpanPlan {
 public:
  SpanPlan(const Convolution& shape, int64_t most);

  int64_t count() const { return count_; }
  void AddTo(Span& span, int64_t i) const;

  // Of a y that is pooled: the bands of a span, and which columns of them.
  struct Bands {
    int64_t first;
    int64_t count;
    int64_t column;
    int64_t columns;
  };
  Bands BandsOf(int64_t i) const;

 private:
  const Convolution& shape_;
  int64_t count_ = 0;
  int64_t size_ = 0;  // positions of a span, or columns of a piece of a band
  // Of a y that is pooled.
  int64_t bands_ = 0;
  int64_t width_ = 0;     // of those columns that fill windows
  int64_t together_ = 1;  // bands
  int64_t pieces_ = 1;    // of a band; where there are several, a span is one of them
};

}  // namespace rectifier::kernels
