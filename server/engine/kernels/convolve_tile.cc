#include "server/engine/kernels/convolve_tile.h"

#include <immintrin.h>

#include <algorithm>
#include <cstring>

#include "server/core/check.h"

namespace rectifier::kernels {
namespace {

constexpr int64_t kLanes = 8;

// Written out, for the compiler to keep the sums in registers.
#define RECTIFIER_UNROLL _Pragma("GCC unroll 12")

template <int kPositions, int kVectors>
using Sums = __m256[kPositions][kVectors];

template <int kPositions, int kVectors>
[[gnu::always_inline]] inline void Rectify(Sums<kPositions, kVectors>& sums,
                                           const ChannelSlopes& slopes) {
  const bool for_all = slopes.of_channels == nullptr;
  const bool relu = for_all && slopes.of_all == 0;
  RECTIFIER_UNROLL
  for (int v = 0; v < kVectors; ++v) {
    const __m256 slope =
        for_all ? _mm256_set1_ps(slopes.of_all) : _mm256_loadu_ps(slopes.of_channels + v * kLanes);
    RECTIFIER_UNROLL
    for (int i = 0; i < kPositions; ++i) {
      const __m256 x = sums[i][v];
      const __m256 positive = _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_GT_OQ);
      sums[i][v] = relu ? _mm256_and_ps(x, positive)
                        : _mm256_blendv_ps(_mm256_mul_ps(slope, x), x, positive);
    }
  }
}

// Of a panel that is not whole, rows pass through `row`.
template <int kPositions, int kVectors>
[[gnu::always_inline]] inline void Add(Sums<kPositions, kVectors>& sums, const TileCall& call,
                                       const float* addend) {
  const bool whole = call.channels == kVectors * kLanes;
  alignas(32) float row[kVectors * kLanes] = {};
  RECTIFIER_UNROLL
  for (int i = 0; i < kPositions; ++i) {
    const float* from = addend + i * call.y_step;
    if (!whole) {
      std::memcpy(row, from, static_cast<size_t>(call.channels) * sizeof(float));
      from = row;
    }
    RECTIFIER_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      sums[i][v] = _mm256_add_ps(sums[i][v], _mm256_loadu_ps(from + v * kLanes));
    }
  }
}

// The first `count` numbers of a row, fewer than it has.
template <int kVectors>
[[gnu::always_inline]] inline void StorePart(const __m256 (&row)[kVectors], int64_t count,
                                             float* y) {
  __m256 vector = row[0];
  RECTIFIER_UNROLL
  for (int v = 1; v < kVectors; ++v) {
    if (count < v * kLanes) break;
    _mm256_storeu_ps(y, vector);
    vector = row[v];
    y += kLanes;
  }
  __m128 part = _mm256_castps256_ps128(vector);
  if ((count & 4) != 0) {
    _mm_storeu_ps(y, part);
    part = _mm256_extractf128_ps(vector, 1);
    y += 4;
  }
  if ((count & 2) != 0) {
    _mm_storel_pi(reinterpret_cast<__m64*>(y), part);
    part = _mm_movehl_ps(part, part);
    y += 2;
  }
  if ((count & 1) != 0) _mm_store_ss(y, part);
}

template <int kPositions, int kVectors>
[[gnu::always_inline]] inline void Store(const Sums<kPositions, kVectors>& sums,
                                         const TileCall& call) {
  if (call.channels < kVectors * kLanes) {
    RECTIFIER_UNROLL
    for (int i = 0; i < kPositions; ++i) {
      StorePart<kVectors>(sums[i], call.channels, call.y + i * call.y_step);
    }
    return;
  }
  RECTIFIER_UNROLL
  for (int i = 0; i < kPositions; ++i) {
    RECTIFIER_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      _mm256_storeu_ps(call.y + i * call.y_step + v * kLanes, sums[i][v]);
    }
  }
}

// A number of each position, times its weights; moves on to the next. Those of position i lie one
// after the other from x[i] on, or, with an address for three positions, 0, 1 or 2 times `apart`
// from it.
template <int kPositions, int kVectors, int kAddresses>
[[gnu::always_inline]] inline void MultiplyAdd(Sums<kPositions, kVectors>& sums,
                                               const float*& weights, const float* (&x)[kAddresses],
                                               int64_t apart) {
  constexpr int kOfAddress = kAddresses == kPositions ? 1 : 3;
  // What there are fewer of waits in registers.
  if constexpr (kVectors > kPositions) {
    __m256 one[kPositions];
    RECTIFIER_UNROLL
    for (int i = 0; i < kPositions; ++i) {
      one[i] = _mm256_broadcast_ss(x[i / kOfAddress] + i % kOfAddress * apart);
    }
    RECTIFIER_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      const __m256 w = _mm256_loadu_ps(weights + v * kLanes);
      RECTIFIER_UNROLL
      for (int i = 0; i < kPositions; ++i) sums[i][v] = _mm256_fmadd_ps(one[i], w, sums[i][v]);
    }
  } else {
    __m256 w[kVectors];
    RECTIFIER_UNROLL
    for (int v = 0; v < kVectors; ++v) w[v] = _mm256_loadu_ps(weights + v * kLanes);
    RECTIFIER_UNROLL
    for (int i = 0; i < kPositions; ++i) {
      const __m256 one = _mm256_broadcast_ss(x[i / kOfAddress] + i % kOfAddress * apart);
      RECTIFIER_UNROLL
      for (int v = 0; v < kVectors; ++v) sums[i][v] = _mm256_fmadd_ps(one, w[v], sums[i][v]);
    }
  }
  weights += kVectors * kLanes;
  RECTIFIER_UNROLL
  for (int i = 0; i < kAddresses; ++i) ++x[i];
}

template <int kPositions, int kVectors, int kAddresses>
[[gnu::always_inline]] inline void ComputeRun(Sums<kPositions, kVectors>& sums,
                                              const float* weights, int64_t count,
                                              const float* (&x)[kAddresses], int64_t apart) {
  // Where two threads share a core, it lacks time for instructions that only count.
#pragma GCC unroll 4
  for (int64_t k = 0; k < count; ++k) {
    MultiplyAdd<kPositions, kVectors>(sums, weights, x, apart);
  }
}

template <int kPositions, int kVectors>
[[gnu::always_inline]] inline void BeginWith(Sums<kPositions, kVectors>& sums, const float* bias) {
  RECTIFIER_UNROLL
  for (int i = 0; i < kPositions; ++i) {
    RECTIFIER_UNROLL
    for (int v = 0; v < kVectors; ++v) sums[i][v] = _mm256_loadu_ps(bias + v * kLanes);
  }
}

// A block's part of the sums of kPositions positions.
template <int kPositions, int kVectors>
void Compute(const TileCall& call) {
  Sums<kPositions, kVectors> sums;
  if (call.bias != nullptr) {
    BeginWith<kPositions, kVectors>(sums, call.bias);
  } else {
    RECTIFIER_UNROLL
    for (int i = 0; i < kPositions; ++i) {
      RECTIFIER_UNROLL
      for (int v = 0; v < kVectors; ++v) {
        sums[i][v] = _mm256_loadu_ps(call.sums + (i * kVectors + v) * kLanes);
      }
    }
  }
  if (call.y != nullptr) {
    // Rows of y lie apart, so that nothing else fetches them before they are written.
    RECTIFIER_UNROLL
    for (int i = 0; i < kPositions; ++i) _mm_prefetch(call.y + i * call.y_step, _MM_HINT_T0);
  }
  const float* weights = call.weights;
  const float* next = call.prefetch;
  // A few lines at a time, as only so many can be on their way.
  const int64_t piece = call.lines == 0 ? call.run : kPrefetchEvery;
  for (int64_t step = 0; step < call.steps; ++step) {
    const float* x[kPositions];
    if (call.x == nullptr) {
      RECTIFIER_UNROLL
      for (int i = 0; i < kPositions; ++i) {
        x[i] = call.addresses[step * call.addresses_step + i] + call.addresses_offset;
      }
    }
    for (int64_t from = 0; from < call.run; from += piece) {
      const int64_t count = std::min(piece, call.run - from);
      for (int64_t i = 0; i < call.lines; ++i, next += kCacheLine) _mm_prefetch(next, _MM_HINT_T1);
      if (call.x != nullptr) {
        const float* first[(kPositions + 2) / 3];
        RECTIFIER_UNROLL
        for (int i = 0; i < (kPositions + 2) / 3; ++i) {
          first[i] = call.x + step * call.step + from + int64_t{3} * i * call.position_step;
        }
        ComputeRun<kPositions, kVectors>(sums, weights, count, first, call.position_step);
      } else {
        ComputeRun<kPositions, kVectors>(sums, weights, count, x, 0);
      }
      weights += count * kVectors * kLanes;
    }
  }
  if (call.y != nullptr) {
    if (call.before != nullptr) Rectify<kPositions, kVectors>(sums, *call.before);
    for (const float* addend : call.addends) {
      if (addend != nullptr) Add<kPositions, kVectors>(sums, call, addend);
    }
    if (call.after != nullptr) Rectify<kPositions, kVectors>(sums, *call.after);
    Store<kPositions, kVectors>(sums, call);
  } else {
    RECTIFIER_UNROLL
    for (int i = 0; i < kPositions; ++i) {
      RECTIFIER_UNROLL
      for (int v = 0; v < kVectors; ++v) {
        _mm256_storeu_ps(call.sums + (i * kVectors + v) * kLanes, sums[i][v]);
      }
    }
  }
}

// `tiles` one behind the other in a row of y, each of whose rows of taps is one run.
template <int kPositions, int kVectors>
void ComputeTiles(int64_t tiles, const TileCall& call) {
  int64_t offset = call.addresses_offset;
  TileCall end = call;
  for (int64_t tile = 0; tile < tiles; ++tile) {
    Sums<kPositions, kVectors> sums;
    BeginWith<kPositions, kVectors>(sums, call.bias);
    const float* weights = call.weights;
    for (int64_t step = 0; step < call.steps; ++step) {
      const float* x[(kPositions + 2) / 3];
      RECTIFIER_UNROLL
      for (int i = 0; i < (kPositions + 2) / 3; ++i) {
        x[i] = call.addresses[step] + offset + int64_t{3} * i * call.position_step;
      }
      ComputeRun<kPositions, kVectors>(sums, weights, call.run, x, call.position_step);
      weights += call.run * kVectors * kLanes;
    }
    if (call.before != nullptr) Rectify<kPositions, kVectors>(sums, *call.before);
    if (call.after != nullptr) Rectify<kPositions, kVectors>(sums, *call.after);
    Store<kPositions, kVectors>(sums, end);
    offset += kPositions * call.position_step;
    end.y += kPositions * call.y_step;
  }
}

using Function = void (*)(const TileCall&);

constexpr Function kWide[kWidePositions] = {Compute<1, 4>, Compute<2, 4>, Compute<3, 4>};
constexpr Function kNarrow[kNarrowPositions] = {Compute<1, 2>, Compute<2, 2>, Compute<3, 2>,
                                                Compute<4, 2>, Compute<5, 2>, Compute<6, 2>};

}  // namespace

void ComputeWideTile(int64_t positions, const TileCall& call) { kWide[positions - 1](call); }
void ComputeNarrowTile(int64_t positions, const TileCall& call) { kNarrow[positions - 1](call); }

void ComputeShortRow(bool wide, int64_t positions, const TileCall& call) {
  // Two narrow tiles of few positions take less than a whole one and little more.
  constexpr int64_t kFewPositions = 4;
  const int64_t most = wide ? kWidePositions : kNarrowPositions;
  const int64_t rest = positions % most;
  const bool ends_with_few = !wide && rest > 0 && rest + most <= 2 * kFewPositions;
  const int64_t tiles = std::max<int64_t>(0, positions / most - (ends_with_few ? 1 : 0));
  const auto compute_most =
      wide ? ComputeTiles<kWidePositions, 4> : ComputeTiles<kNarrowPositions, 2>;
  compute_most(tiles, call);
  TileCall tile = call;
  for (int64_t done = tiles * most; done < positions;) {
    const bool few = !wide && (ends_with_few || positions - done <= kFewPositions);
    const auto compute = few ? ComputeTiles<kFewPositions, 2> : compute_most;
    const int64_t size = few ? kFewPositions : most;
    // What is left at the end is computed with some positions before it, once more.
    const int64_t first = std::max<int64_t>(0, std::min(done, positions - size));
    tile.addresses_offset = first * call.position_step;
    if (positions >= size) {
      tile.y = call.y + first * call.y_step;
      compute(1, tile);
    } else {
      alignas(32) float room[kNarrowPositions * kNarrowChannels];
      tile.y = room;
      tile.y_step = call.channels;
      compute(1, tile);
      for (int64_t i = 0; i < positions; ++i) {
        std::copy_n(room + i * call.channels, call.channels, call.y + i * call.y_step);
      }
    }
    RECTIFIER_CHECK(first + size > done);
    done = first + size;
  }
}

}  // namespace rectifier::kernels
