#include "server/engine/kernels/copy.h"

#include <algorithm>
#include <cstring>

#include "server/core/check.h"

namespace rectifier::kernels {
namespace {

template <typename T>
void CopyElements(const LoopNest<2>& nest, std::byte* to, const std::byte* from) {
  auto* out = reinterpret_cast<T*>(to);
  const auto* in = reinterpret_cast<const T*>(from);
  nest.ForEachRow([&](const auto& at, int64_t count, const auto& steps) {
    T* row_out = out + at[0];
    const T* row_in = in + at[1];
    if (steps[0] == 1 && steps[1] == 1) {
      std::memcpy(row_out, row_in, static_cast<size_t>(count) * sizeof(T));
    } else if (steps[0] == 1 && steps[1] == 0) {
      std::fill_n(row_out, count, *row_in);
    } else {
      for (int64_t i = 0; i < count; ++i) row_out[i * steps[0]] = row_in[i * steps[1]];
    }
  });
}

}  // namespace

void Copy(const LoopNest<2>& nest, int64_t element_size, std::byte* to, const std::byte* from) {
  switch (element_size) {
    case 1:
      return CopyElements<uint8_t>(nest, to, from);
    case 2:
      return CopyElements<uint16_t>(nest, to, from);
    case 4:
      return CopyElements<uint32_t>(nest, to, from);
    default:
      RECTIFIER_CHECK(element_size == 8);
      return CopyElements<uint64_t>(nest, to, from);
  }
}

void Fill(std::byte* to, int64_t count, int64_t element_size, const std::byte* value) {
  const std::array<Strides, 2> strides = {Strides{1}, Strides{0}};
  Copy(LoopNest<2>(std::span(&count, 1), strides), element_size, to, value);
}

}  // namespace rectifier::kernels
