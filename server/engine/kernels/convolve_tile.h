#pragma once

#include <array>
#include <cstdint>

#include "server/engine/kernels/convolve.h"

namespace rectifier::kernels {

// A tile of a convolution (see convolve.cc): some positions of y and a panel of its channels, whose
// sums are kept in registers while a block's weights pass. There are two kinds, of 12 vectors of
// sums each: 3 positions of 32 channels, which takes fewer loads, and 6 of 16.
inline constexpr int64_t kWideChannels = 32;
inline constexpr int64_t kWidePositions = 3;
inline constexpr int64_t kNarrowChannels = 16;
inline constexpr int64_t kNarrowPositions = 6;

// What it reads and writes.
struct TileCall {
  // x: `steps` runs of `run` numbers, `step` apart, with the positions `position_step` apart; or,
  // where `x` is null, the runs of each position at `addresses` + `addresses_offset`.
  const float* x;
  int64_t steps;
  int64_t run;
  int64_t step;
  int64_t position_step;
  const float* const* addresses;  // [steps][addresses_step]
  int64_t addresses_step;
  int64_t addresses_offset;

  const float* weights;
  const float* prefetch;  // the weights that come next, ...
  int64_t lines;          // ... so many lines with every piece of a run; may be 0

  const float* bias;  // of the panel's first block; null in the others, which go on with `sums`
  float* sums;        // [tile][panel], between the blocks
  float* y;           // of the last block, else null
  int64_t y_step;     // from position to position, also of the addend
  int64_t channels;   // that are stored, of the panel's
  std::array<const float*, 2> addends;
  const ChannelSlopes* before;  // of the panel, null where they are the identity
  const ChannelSlopes* after;
};

// `positions`, of which there is at least one and at most as many as the kind has.
void ComputeWideTile(int64_t positions, const TileCall& call);
void ComputeNarrowTile(int64_t positions, const TileCall& call);

// `positions` of a row, any number, of which the first sees a run of fewer than
// Convolution::kShortRow numbers at each of the addresses [steps], and the others `position_step`
// further on. Tiles are computed whole: what kNarrowPositions would see must be readable, also
// where there are fewer. `x`, `prefetch`, `sums` and `addends` of the call are not used.
void ComputeShortRow(bool wide, int64_t positions, const TileCall& call);

// Numbers of a run, with each of which `TileCall::lines` are fetched.
inline constexpr int64_t kPrefetchEvery = 32;
inline constexpr int64_t kCacheLine = 16;  // in numbers

}  // namespace rectifier::kernels
