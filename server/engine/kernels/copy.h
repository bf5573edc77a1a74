#pragma once

#include <cstddef>
#include <cstdint>

#include "server/engine/kernels/loop_nest.h"

namespace rectifier::kernels {

// Copies elements of `element_size` bytes (1, 2, 4 or 8): the nest's first tensor is written, its
// second is read.
void Copy(const LoopNest<2>& nest, int64_t element_size, std::byte* to, const std::byte* from);

// Fills `count` elements with the one of `element_size` bytes at `value`.
void Fill(std::byte* to, int64_t count, int64_t element_size, const std::byte* value);

}  // namespace rectifier::kernels
