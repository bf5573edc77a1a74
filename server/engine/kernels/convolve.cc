#include "server/engine/kernels/convolve.h"

#include <algorithm>
#include <vector>

#include "server/core/check.h"
#include "server/engine/kernels/convolve_panel.h"
#include "server/engine/kernels/convolve_short_rows.h"
#include "server/engine/kernels/convolve_span.h"
#include "server/engine/kernels/convolve_tile.h"
#include "server/engine/kernels/parallel.h"

// Blocked as matrix products are (Goto and van de Geijn, "Anatomy of high-performance matrix
// multiplication", 2008), with x read where it lies (Dukhan, "The indirect convolution algorithm",
// 2019):
//
//   a tile    some positions of a panel of output channels, whose sums stay in registers for a
//             block's taps and channels
//   a block   taps and input channels of a panel whose weights the first level cache holds while
//             all tiles pass over them
//   a span    the positions whose part of x the second level cache holds while all panels pass
//
// Where rows of taps are short, there is little to do between finding x and storing y: a loop of
// its own (convolve_short_rows.h) goes along a row of y.

namespace rectifier::kernels {
namespace {

constexpr int64_t kChunkMultiple = 16;  // of channels, a line of x

// How the taps and input channels of a panel are cut into blocks. The packed weights lie as the
// blocks follow each other, whose weights lie [taps][channels][panel].
struct Depth {
  int64_t chunks;  // parts of the input channels; where there are several, a block is one tap
  int64_t chunk;   // channels of each, of the last perhaps fewer
  int64_t blocks;  // of a chunk
  int64_t parts;   // of a row of taps; where there are several, a block is one of them
};

Depth DepthOf(const Convolution& shape) {
  const auto [rows, columns] = shape.kernel;
  if (shape.in_channels > kBlockDepth) {
    const int64_t chunks = CeilDivide(shape.in_channels, kBlockDepth);
    const int64_t chunk =
        CeilDivide(CeilDivide(shape.in_channels, chunks), kChunkMultiple) * kChunkMultiple;
    return {CeilDivide(shape.in_channels, chunk), chunk, rows * columns, columns};
  }
  const int64_t taps = kBlockDepth / shape.in_channels;
  if (taps < columns) {
    const int64_t parts = CeilDivide(columns, taps);
    return {1, shape.in_channels, rows * parts, parts};
  }
  // With holes, a row's taps are those that lie at equal distances.
  const int64_t together = shape.dilations[1] > 1 ? 1 : taps / columns;
  return {1, shape.in_channels, CeilDivide(rows, together), 1};
}

struct Block {
  int64_t first_row;
  int64_t rows;
  int64_t first_column;
  int64_t columns;
};

Block BlockAt(const Convolution& shape, const Depth& depth, int64_t i) {
  const auto [rows, columns] = shape.kernel;
  if (depth.parts == 1) {
    const int64_t begin = rows * i / depth.blocks;
    return {begin, rows * (i + 1) / depth.blocks - begin, 0, columns};
  }
  const int64_t part = i % depth.parts;
  const int64_t begin = columns * part / depth.parts;
  return {i / depth.parts, 1, begin, columns * (part + 1) / depth.parts - begin};
}

// The positions that a span has at most: as many as the second level cache holds.
int64_t SpanCapacity(const Convolution& shape, int64_t cache_bytes) {
  // Few weights are read from the nearest cache however short a span is.
  constexpr int64_t kFewWeights = int64_t{32} << 10;
  constexpr int64_t kNearCache = int64_t{32} << 10;
  constexpr int64_t kLeast = 8 * kTilePositions;
  const auto bytes = static_cast<int64_t>(sizeof(float));
  const int64_t weights = PackedFilterSize(shape) * bytes;
  int64_t of_position = DepthOf(shape).chunk * shape.strides[0] * shape.strides[1];
  // Weights that no cache holds are worth more than what is written.
  if (weights <= cache_bytes) of_position += shape.out_channels;
  const int64_t fit =
      (weights <= kFewWeights ? kNearCache : cache_bytes / 2) / (of_position * bytes);
  const int64_t wanted = std::clamp(fit, kLeast, Span::kMostPositions);
  const int64_t taps = shape.kernel[0] * shape.kernel[1];
  return std::max<int64_t>(1, std::min(wanted, Span::kMostAddresses / taps) / kTilePositions) *
         kTilePositions;
}

// How what a tile sees of x in a block is read, as in TileCall.
struct TapRuns {
  int64_t steps;
  int64_t step;
  int64_t run;
};

class Convolver {
 public:
  Convolver(const Convolution& shape, float* y, const float* x, const float* weights,
            const ConvolutionEnd& end, int64_t cache_bytes)
      : shape_(shape),
        depth_(DepthOf(shape)),
        y_(y),
        x_(x),
        weights_(weights),
        end_(end),
        // What does not stay in the second level cache has to be fetched in time.
        prefetches_(PackedFilterSize(shape) * static_cast<int64_t>(sizeof(float)) >
                    cache_bytes / 4) {}

  // Some panels of a span.
  void Compute(const SpanPlan& plan, int64_t i, int64_t first_panel, int64_t end_panel) const {
    Span span(shape_, x_);
    plan.AddTo(span, i);
    alignas(64) float sums[Span::kMostPositions * kPanel];
    for (int64_t panel = first_panel; panel < end_panel; ++panel) {
      ComputePanel(span, panel, sums);
      if (shape_.IsPooled()) Pool(plan.BandsOf(i), panel, sums);
    }
  }

 private:
  void ComputePanel(const Span& span, int64_t index, float* sums) const {
    const Panel panel(shape_, end_, index);
    const int64_t width = PanelWidth(shape_, index);
    const int64_t taps = shape_.kernel[0] * shape_.kernel[1];
    TileCall call{};
    call.position_step = shape_.strides[1] * shape_.in_channels;
    call.channels = shape_.IsPooled() ? width : panel.channels;
    call.y_step = shape_.IsPooled() ? width : shape_.y_step;
    call.weights = weights_ + index * kPanel * shape_.in_channels * taps;
    panel.Describe(call);
    for (int64_t chunk = 0; chunk < depth_.chunks; ++chunk) {
      const int64_t first_channel = chunk * depth_.chunk;
      const int64_t channels = std::min(depth_.chunk, shape_.in_channels - first_channel);
      for (int64_t i = 0; i < depth_.blocks; ++i) {
        const Block block = BlockAt(shape_, depth_, i);
        const bool is_last = chunk + 1 == depth_.chunks && i + 1 == depth_.blocks;
        const int64_t size = block.rows * block.columns * channels * width;
        ComputeBlock(span, block, first_channel, channels, width, is_last ? index : -1, sums, call);
        call.weights += size;
        call.bias = nullptr;
      }
    }
  }

  // All tiles; `stored` is the panel whose sums are complete with this block, or -1.
  void ComputeBlock(const Span& span, const Block& block, int64_t first_channel, int64_t channels,
                    int64_t width, int64_t stored, float* sums, TileCall call) const {
    const int64_t row_step = shape_.input[1] * shape_.in_channels;
    const int64_t column_step = shape_.dilations[1] * shape_.in_channels;
    const int64_t row_offset = block.first_column * column_step + first_channel;
    const int64_t x_offset = block.first_row * shape_.dilations[0] * row_step + row_offset;
    const int64_t first_tap = block.first_row * shape_.kernel[1] + block.first_column;
    const TapRuns by_tap{block.rows * block.columns, column_step, channels};
    // Without holes, what a tile inside the image sees of a row is one run.
    const TapRuns by_row{block.rows, shape_.dilations[0] * row_step, block.columns * channels};
    const TapRuns& inside = shape_.dilations[1] == 1 ? by_row : by_tap;
    const TapRuns& by_address = span.by_rows() ? by_row : by_tap;
    const int64_t first_address = span.by_rows() ? block.first_row : first_tap;
    call.addresses_offset = span.by_rows() ? row_offset : first_channel;
    const int64_t most = width == kPanel ? kWidePositions : kNarrowPositions;
    const int64_t size = block.rows * block.columns * channels * width;
    call.prefetch = call.weights + size;
    // Few positions are over before what they fetch is there.
    constexpr int64_t kFewTiles = 2;
    const bool prefetches = prefetches_ && span.tile_count() > kFewTiles;
    for (int64_t i = 0; i < span.tile_count(); ++i) {
      const Tile& tile = span.tiles()[i];
      const TapRuns& runs = tile.x == nullptr ? by_address : inside;
      call.steps = runs.steps;
      call.step = runs.step;
      call.run = runs.run;
      call.addresses_step = tile.positions;
      const int64_t pieces = call.steps * CeilDivide(call.run, kPrefetchEvery);
      if (prefetches) {
        call.lines =
            CeilDivide(size * most, kCacheLine * span.tile_count() * kTilePositions * pieces);
      }
      for (int64_t done = 0, parts = CeilDivide(tile.positions, most); parts > 0; --parts) {
        const int64_t positions = CeilDivide(tile.positions - done, parts);
        call.sums = sums + (tile.place + done) * width;
        if (stored >= 0 && shape_.IsPooled()) {
          call.y = call.sums;
        } else if (stored >= 0) {
          const int64_t offset = (tile.first + done) * shape_.y_step + stored * kPanel;
          call.y = y_ + offset;
          for (size_t k = 0; k < call.addends.size(); ++k) {
            const float* addend = end_.addends[k];
            call.addends[k] = addend == nullptr ? nullptr : addend + offset;
          }
        }
        if (tile.x != nullptr) {
          call.x = tile.x + x_offset + done * call.position_step;
        } else {
          call.x = nullptr;
          call.addresses = tile.addresses + first_address * tile.positions + done;
        }
        (width == kPanel ? ComputeWideTile : ComputeNarrowTile)(positions, call);
        call.prefetch += call.lines * kCacheLine * pieces;
        done += positions;
      }
    }
  }

  // Of each window of the panel's results, which lie as the span's positions, the greatest.
  void Pool(const SpanPlan::Bands& bands, int64_t panel, const float* results) const {
    const int64_t width = PanelWidth(shape_, panel);
    const auto [rows, columns] = shape_.pool;
    for (int64_t band = 0; band < bands.count; ++band, results += rows * bands.columns * width) {
      const int64_t first =
          (bands.first + band) * (shape_.output[1] / columns) + bands.column / columns;
      PoolBand(shape_, panel, bands.columns, results, y_ + first * shape_.y_step);
    }
  }

  const Convolution& shape_;
  const Depth depth_;
  float* y_;
  const float* x_;
  const float* weights_;
  const ConvolutionEnd& end_;
  const bool prefetches_;
};

// A kernel of one position, with nothing around it, sees no rows.
Convolution Flattened(const Convolution& shape) {
  constexpr std::array<int64_t, 2> kOnes = {1, 1};
  Convolution flat = shape;
  constexpr std::array<int64_t, 2> kNone = {0, 0};
  if (shape.kernel != kOnes || shape.strides != kOnes || shape.input != shape.output ||
      shape.pads_begin != kNone || shape.IsPooled()) {
    return flat;
  }
  flat.samples = 1;
  flat.input = {1, shape.samples * shape.input[0] * shape.input[1]};
  flat.output = flat.input;
  return flat;
}

}  // namespace

int64_t PackedFilterSize(const Convolution& shape) {
  const int64_t last = PanelsOf(shape) - 1;
  return (last * kPanel + PanelWidth(shape, last)) * shape.in_channels * shape.kernel[0] *
         shape.kernel[1];
}

void PackFilters(const Convolution& shape, float* packed, const float* filters) {
  const Depth depth = DepthOf(shape);
  const int64_t taps = shape.kernel[0] * shape.kernel[1];
  const int64_t size = shape.in_channels * taps;  // of a filter
  // Some input channels of a panel's filters together, which would not stay in a cache where they
  // lie: their distance is often a power of two.
  constexpr int64_t kTogether = kChunkMultiple;
  const int64_t step = (kTogether + 1) * taps;
  std::vector<float> together(static_cast<size_t>(kPanel * step), 0.0F);
  for (int64_t panel = 0; panel < PanelsOf(shape); ++panel) {
    const int64_t width = PanelWidth(shape, panel);
    const int64_t channels = std::min(width, shape.out_channels - panel * kPanel);
    if (channels < width) std::fill(together.begin(), together.end(), 0.0F);
    for (int64_t c = 0; c < shape.in_channels; c += kTogether) {
      const int64_t count = std::min(kTogether, shape.in_channels - c);
      for (int64_t m = 0; m < channels; ++m) {
        const float* from = filters + (panel * kPanel + m) * size + c * taps;
        std::copy_n(from, count * taps, together.data() + m * step);
      }
      // Chunks follow each other; in each, the taps.
      const int64_t first = c / depth.chunk * depth.chunk;
      const int64_t chunk = std::min(depth.chunk, shape.in_channels - first);
      for (int64_t tap = 0; tap < taps; ++tap) {
        float* to = packed + (first * taps + tap * chunk + c - first) * width;
        for (int64_t i = 0; i < count; ++i, to += width) {
          const float* from = together.data() + i * taps + tap;
          for (int64_t m = 0; m < width; ++m) to[m] = from[m * step];
        }
      }
    }
    packed += size * width;
  }
}

void Convolve(const Convolution& shape, float* y, const float* x, const float* packed_filters,
              const ConvolutionEnd& end, int64_t cache_bytes) {
  if (PositionsOf(shape) == 0) return;
  RECTIFIER_CHECK(shape.y_step >= shape.out_channels);
  RECTIFIER_CHECK(shape.pool[0] * shape.pool[1] <= Convolution::kMostPooled);
  RECTIFIER_CHECK(!shape.IsPooled() || end.addends == decltype(end.addends){});
  if (HasShortRows(shape) && end.addends == decltype(end.addends){}) {
    return ConvolveShortRows(shape, y, x, packed_filters, end);
  }
  const Convolution flat = Flattened(shape);
  const Convolver convolver(flat, y, x, packed_filters, end, cache_bytes);
  const int64_t positions = PositionsOf(flat);
  const int64_t panels = PanelsOf(flat);
  const int64_t threads = omp_get_max_threads();
  const int64_t x_size = flat.samples * flat.input[0] * flat.input[1] * flat.in_channels;
  int64_t most = SpanCapacity(flat, cache_bytes);
  // Threads share the larger of the two, in so many parts that one that is held up gets fewer.
  constexpr int64_t kParts = 4;
  if (PackedFilterSize(flat) > x_size && panels >= kParts * threads) {
    const SpanPlan plan(flat, most);
    ParallelJobs(panels, [&](int64_t i) {
      for (int64_t span = 0; span < plan.count(); ++span) convolver.Compute(plan, span, i, i + 1);
    });
    return;
  }
  if (threads > 1) {
    most = std::min(most, std::max(4 * kTilePositions, CeilDivide(positions, kParts * threads)));
  }
  const SpanPlan plan(flat, most);
  ParallelJobs(plan.count(), [&](int64_t i) { convolver.Compute(plan, i, 0, panels); });
}

}  // namespace rectifier::kernels
