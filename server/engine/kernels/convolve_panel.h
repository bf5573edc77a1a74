#pragma once

#include <cstdint>

#include "server/engine/kernels/convolve.h"
#include "server/engine/kernels/convolve_tile.h"

namespace rectifier::kernels {

// Output channels that are computed together, and the taps times input channels whose weights for
// them the first level cache holds: 32 KiB.
inline constexpr int64_t kPanel = kWideChannels;
inline constexpr int64_t kBlockDepth = 256;

int64_t PanelsOf(const Convolution& shape);

// Channels that a panel has room for: half as many where the last one needs no more.
int64_t PanelWidth(const Convolution& shape, int64_t panel);

// The parameters of a panel, with room for a whole one.
struct Panel {
  float bias[kPanel] = {};
  float before[kPanel] = {};
  float after[kPanel] = {};
  ChannelSlopes before_addition;
  ChannelSlopes after_addition;
  int64_t channels;

  Panel(const Convolution& shape, const ConvolutionEnd& end, int64_t panel);

  // Says to `call` what is the panel's. `call` must not outlive it.
  void Describe(TileCall& call) const;
};

// Of each window of `results`, [pool rows, columns, panel's width], the greatest: `columns` fill
// windows, and the first is that of `y`.
void PoolBand(const Convolution& shape, int64_t panel, int64_t columns, const float* results,
              float* y);

}  // namespace rectifier::kernels
