#include "server/engine/kernels/convolve_short_rows.h"

#include <omp.h>

#include <algorithm>

#include "server/core/check.h"
#include "server/engine/kernels/convolve_panel.h"
#include "server/engine/kernels/convolve_span.h"
#include "server/engine/kernels/convolve_tile.h"
#include "server/engine/kernels/parallel.h"

namespace rectifier::kernels {
namespace {

constexpr int64_t kRoom = 4096;        // numbers that are copied for a part of a row of y
constexpr int64_t kWithResults = 192;  // positions whose results the first level cache holds

// HasShortRows() bounds the taps, and with them a step from window to window: what the smallest
// part of a row sees has room.
static_assert(kTilePositions * kBlockDepth <= kRoom);
static_assert(Convolution::kMostPooled * kBlockDepth <= kRoom);

// From the first number that `count` windows see of a row to the last. There are as many as the
// largest tile has.
int64_t Seen(const Convolution& shape, int64_t count) {
  const int64_t positions = std::max(count, kTilePositions);
  return ((positions - 1) * shape.strides[1] + shape.kernel[1]) * shape.in_channels;
}

// y, or the bands of its rows that windows lie in, cut into parts of rows: of those of a band, the
// same columns.
struct Parts {
  int64_t bands;  // of a sample
  int64_t width;  // of a band; columns beyond fill no window
  int64_t columns;
  int64_t of_band;
  int64_t count;

  explicit Parts(const Convolution& shape) {
    constexpr int64_t kMostTogether = 384;
    const auto [rows, together] = shape.pool;
    bands = shape.output[0] / rows;
    width = shape.output[1] / together * together;
    const int64_t room = kRoom / shape.kernel[0] - shape.kernel[1] * shape.in_channels;
    const int64_t fit = room / (shape.strides[1] * shape.in_channels) + 1;
    const int64_t most = std::min(fit, shape.IsPooled() ? kWithResults / rows : kMostTogether);
    of_band = CeilDivide(width / together, std::max<int64_t>(1, most / together));
    columns = of_band == 0 ? 0 : CeilDivide(width / together, of_band) * together;
    count = shape.samples * bands * of_band;
  }
};

// The rows of x that the taps of some windows in a row of y see, each from the first window's first
// number on: in x, or, where that would go over an edge, copied and with zeros around.
class WindowRows {
 public:
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): as much as is used
  WindowRows(const Convolution& shape, const float* x, const Position& at, int64_t count) {
    const int64_t size = shape.input[1] * shape.in_channels;
    const int64_t wanted = Seen(shape, count);
    const int64_t begin = at.Column(shape) * shape.in_channels;
    RECTIFIER_CHECK(shape.kernel[0] * wanted <= kRoom);
    float* room = copies_;
    for (int64_t k = 0; k < shape.kernel[0]; ++k) {
      const int64_t row = at.Row(shape) + k * shape.dilations[0];
      const bool has_row = row >= 0 && row < shape.input[0];
      const int64_t of_row = (at.sample * shape.input[0] + row) * size;
      if (has_row && begin >= 0 && begin + wanted <= size) {
        first_[k] = x + of_row + begin;
        continue;
      }
      first_[k] = room;
      const int64_t from = std::clamp<int64_t>(-begin, 0, wanted);
      const int64_t to = has_row ? std::clamp<int64_t>(size - begin, from, wanted) : from;
      std::fill_n(room, from, 0.0F);
      if (to > from) std::copy_n(x + of_row + begin + from, to - from, room + from);
      std::fill(room + to, room + wanted, 0.0F);
      room += wanted;
    }
  }

  const float* const* first() const { return first_; }

 private:
  const float* first_[kBlockDepth];
  float copies_[kRoom];
};

}  // namespace

bool HasShortRows(const Convolution& shape) {
  return shape.kernel[0] * shape.kernel[1] > 1 && shape.dilations[1] == 1 &&
         shape.strides[1] <= shape.kernel[1] &&
         shape.kernel[1] * shape.in_channels < Convolution::kShortRow &&
         shape.kernel[0] * shape.kernel[1] * shape.in_channels <= kBlockDepth;
}

void ConvolveShortRows(const Convolution& shape, float* y, const float* x,
                       const float* packed_filters, const ConvolutionEnd& end) {
  // Positions whose y the second level cache holds while all panels pass.
  constexpr int64_t kPositions = 384;
  const Parts parts(shape);
  const int64_t pool_rows = shape.pool[0];
  const int64_t pool_columns = shape.pool[1];
  const int64_t depth = shape.kernel[0] * shape.kernel[1] * shape.in_channels;
  const int64_t together =
      std::max<int64_t>(1, kPositions / std::max<int64_t>(1, parts.columns * pool_rows));
  const int64_t width_of_y = shape.output[1] / pool_columns;
  ParallelJobs(CeilDivide(parts.count, together), [&](int64_t job) {
    const int64_t last = std::min(parts.count, (job + 1) * together);
    for (int64_t index = 0; index < PanelsOf(shape); ++index) {
      const Panel panel(shape, end, index);
      const int64_t width = PanelWidth(shape, index);
      TileCall call{};
      panel.Describe(call);
      call.steps = shape.kernel[0];
      call.run = shape.kernel[1] * shape.in_channels;
      call.position_step = shape.strides[1] * shape.in_channels;
      call.weights = packed_filters + index * kPanel * depth;
      call.channels = shape.IsPooled() ? width : panel.channels;
      call.y_step = shape.IsPooled() ? width : shape.y_step;
      for (int64_t part = job * together; part < last; ++part) {
        const int64_t band = part / parts.of_band;
        const int64_t column = part % parts.of_band * parts.columns;
        const int64_t count = std::min(parts.columns, parts.width - column);
        Position at{band / parts.bands, band % parts.bands * pool_rows, column};
        float* to = y + (band * width_of_y + column / pool_columns) * shape.y_step;
        alignas(32) float results[kWithResults * kPanel];
        for (int64_t row = 0; row < pool_rows; ++row, ++at.i) {
          const WindowRows rows(shape, x, at, count);
          call.addresses = rows.first();
          call.y = shape.IsPooled() ? results + row * count * width : to + index * kPanel;
          ComputeShortRow(width == kPanel, count, call);
        }
        if (shape.IsPooled()) PoolBand(shape, index, count, results, to);
      }
    }
  });
}

}  // namespace rectifier::kernels
