#include "server/engine/kernels/convolve_span.h"

#include <algorithm>

#include "server/core/check.h"

namespace rectifier::kernels {
namespace {

alignas(64) constexpr float kZeros[Convolution::kMostChannels] = {};

// Windows that see no padding, of positions that lie in one row.
bool IsInside(const Convolution& shape, const Position& at, int64_t positions) {
  const int64_t row = at.Row(shape);
  const int64_t column = at.Column(shape);
  const int64_t last_row = row + (shape.kernel[0] - 1) * shape.dilations[0];
  const int64_t last_column =
      column + (positions - 1) * shape.strides[1] + (shape.kernel[1] - 1) * shape.dilations[1];
  return row >= 0 && column >= 0 && last_row < shape.input[0] && last_column < shape.input[1];
}

bool SeesPadding(const Convolution& shape) {
  const Position first{0, 0, 0};
  const Position last{0, shape.output[0] - 1, shape.output[1] - 1};
  return !IsInside(shape, first, 1) || !IsInside(shape, last, 1);
}

// Where the window of a position begins, which may be outside of the image.
int64_t FirstElement(const Convolution& shape, const Position& at) {
  const int64_t row = at.sample * shape.input[0] + at.Row(shape);
  return (row * shape.input[1] + at.Column(shape)) * shape.in_channels;
}

}  // namespace

// NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): the tables are filled by Add()
Span::Span(const Convolution& shape, const float* x)
    : shape_(shape),
      x_(x),
      by_rows_(shape.dilations[1] == 1 && !SeesPadding(shape)),
      short_(shape.out_channels > kNarrowChannels ? 2 : 4) {}

void Span::PlaceRows(Position at, Tile& tile) {
  const int64_t row = shape_.dilations[0] * shape_.input[1] * shape_.in_channels;
  const float** addresses = addresses_ + addresses_used_;
  addresses_used_ += shape_.kernel[0] * tile.positions;
  tile.addresses = addresses;
  for (int i = 0; i < tile.positions; ++i) {
    const float* first = x_ + FirstElement(shape_, at);
    for (int64_t k = 0; k < shape_.kernel[0]; ++k) {
      addresses[k * tile.positions + i] = first + k * row;
    }
    at.Advance(shape_, 1);
  }
}

void Span::PlaceTaps(Position at, Tile& tile) {
  const float** addresses = addresses_ + addresses_used_;
  addresses_used_ += shape_.kernel[0] * shape_.kernel[1] * tile.positions;
  tile.addresses = addresses;
  for (int i = 0; i < tile.positions; ++i) {
    const float** address = addresses + i;
    for (int64_t k = 0; k < shape_.kernel[0]; ++k) {
      const int64_t row = at.Row(shape_) + k * shape_.dilations[0];
      const bool row_inside = row >= 0 && row < shape_.input[0];
      for (int64_t l = 0; l < shape_.kernel[1]; ++l) {
        const int64_t column = at.Column(shape_) + l * shape_.dilations[1];
        const bool inside = row_inside && column >= 0 && column < shape_.input[1];
        const int64_t pixel = (at.sample * shape_.input[0] + row) * shape_.input[1] + column;
        *address = inside ? x_ + pixel * shape_.in_channels : kZeros;
        address += tile.positions;
      }
    }
    at.Advance(shape_, 1);
  }
}

void Span::Add(int64_t begin, int64_t end) {
  const int64_t taps = shape_.kernel[0] * shape_.kernel[1];
  const int64_t positions_before = positions_;
  positions_ += end - begin;
  RECTIFIER_CHECK(positions_ <= kMostPositions && positions_ * taps <= kMostAddresses);
  Position at = Position::At(shape_, begin);
  for (int64_t index = begin; index < end;) {
    const int64_t left = end - index;
    // Two of three or more rather than a full one and one of a single position, or of narrow ones
    // of two, which take as long as one of four: the additions wait for each other.
    const int64_t positions = left > kTilePositions && left < kTilePositions + short_
                                  ? (left + 1) / 2
                                  : std::min(left, kTilePositions);
    Tile& tile = tiles_[tile_count_++];
    tile = {index, positions_before + index - begin, static_cast<int>(positions), nullptr, nullptr};
    if (at.j + positions <= shape_.output[1] && IsInside(shape_, at, positions)) {
      tile.x = x_ + FirstElement(shape_, at);
    } else if (by_rows_) {
      PlaceRows(at, tile);
    } else {
      PlaceTaps(at, tile);
    }
    index += positions;
    at.Advance(shape_, positions);
  }
}

SpanPlan::SpanPlan(const Convolution& shape, int64_t most) : shape_(shape) {
  if (!shape.IsPooled()) {
    const int64_t positions = PositionsOf(shape);
    const int64_t spans = CeilDivide(positions, most);
    size_ = CeilDivide(CeilDivide(positions, spans), kTilePositions) * kTilePositions;
    count_ = CeilDivide(positions, size_);
    return;
  }
  const auto [rows, columns] = shape.pool;
  bands_ = shape.samples * (shape.output[0] / rows);
  width_ = shape.output[1] / columns * columns;
  together_ = std::clamp<int64_t>(most / (rows * width_), 1, bands_);
  const int64_t windows = std::max<int64_t>(1, most / (rows * columns));
  const int64_t pieces = CeilDivide(width_ / columns, windows);
  size_ = CeilDivide(width_ / columns, pieces) * columns;
  pieces_ = CeilDivide(width_, size_);
  count_ = CeilDivide(bands_, together_) * pieces_;
}

SpanPlan::Bands SpanPlan::BandsOf(int64_t i) const {
  const int64_t first = i / pieces_ * together_;
  const int64_t column = i % pieces_ * size_;
  return {first, std::min(together_, bands_ - first), column, std::min(size_, width_ - column)};
}

void SpanPlan::AddTo(Span& span, int64_t i) const {
  if (!shape_.IsPooled()) {
    return span.Add(i * size_, std::min((i + 1) * size_, PositionsOf(shape_)));
  }
  const Bands bands = BandsOf(i);
  const int64_t rows = shape_.pool[0];
  const int64_t of_sample = shape_.output[0] / rows;
  // What lies one behind the other is added together.
  int64_t begin = 0;
  int64_t end = 0;
  for (int64_t row = 0; row < bands.count * rows; ++row) {
    const int64_t band = bands.first + row / rows;
    const int64_t of_y = band / of_sample * shape_.output[0] + band % of_sample * rows + row % rows;
    const int64_t next = of_y * shape_.output[1] + bands.column;
    if (next != end) {
      span.Add(begin, end);
      begin = next;
    }
    end = next + bands.columns;
  }
  span.Add(begin, end);
}

}  // namespace rectifier::kernels
