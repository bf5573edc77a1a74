#include "server/engine/kernels/along_axis.h"

#include <algorithm>
#include <cstring>

namespace rectifier::kernels {

void TakeAlongAxis(const AxisView& x, std::span<const int64_t> indices, int64_t element_size,
                   std::byte* to, const std::byte* from) {
  const auto block = static_cast<size_t>(x.inner * element_size);
  for (int64_t o = 0; o < x.outer; ++o) {
    const std::byte* slab = from + static_cast<size_t>(o * x.size) * block;
    for (int64_t index : indices) {
      if (index < 0) index += x.size;
      if (index < 0 || index >= x.size) {
        std::memset(to, 0, block);
      } else {
        std::memcpy(to, slab + static_cast<size_t>(index) * block, block);
      }
      to += block;
    }
  }
}

void ResampleAxis(const AxisView& x, const Resampling& resampling, float* to, const float* from) {
  for (int64_t o = 0; o < x.outer; ++o) {
    const float* slab = from + o * x.size * x.inner;
    for (const std::vector<Tap>& taps : resampling.taps) {
      std::fill_n(to, x.inner, taps.empty() ? resampling.outside : 0.0F);
      for (const Tap& tap : taps) {
        const float* row = slab + tap.index * x.inner;
        for (int64_t i = 0; i < x.inner; ++i) to[i] += tap.weight * row[i];
      }
      to += x.inner;
    }
  }
}

}  // namespace rectifier::kernels
