#pragma once

#include <dnnl.hpp>
#include <vector>

#include "server/core/shape.h"

namespace rectifier::onednn {

using Desc = dnnl::memory::desc;
using Dims = dnnl::memory::dims;

// A shape's dimensions for oneDNN, which has no scalars: [] becomes {1}.
Dims DimsOf(const Shape& shape);

// f32, dense, the last dimension innermost.
Desc RowMajor(const Dims& dims);
inline Desc RowMajor(const Shape& shape) { return RowMajor(DimsOf(shape)); }

// f32, dense, the dimensions from outermost to innermost in `order`.
Desc Dense(const Dims& dims, const std::vector<int>& order);

// The project's one layout for [N, C, spatial…]: N, spatial…, C. Row-major for fewer than 3
// dimensions.
Desc ChannelsLast(const Dims& dims);
inline Desc ChannelsLast(const Shape& shape) { return ChannelsLast(DimsOf(shape)); }

// The dimensions of a dense tensor from outermost to innermost. Dimensions of size 1 stand where
// their stride puts them, or first among equals.
std::vector<int> PhysicalOrder(const Desc& desc);

// The same bytes in the same places: equal dimensions, and equal strides wherever a dimension is
// above 1 (the stride of a dimension of size 1 is never used).
bool SameLayout(const Desc& a, const Desc& b);

// Whether a tensor in this layout lies channels-last rather than row-major; false when both hold.
bool IsChannelsLast(const Desc& desc);

}  // namespace rectifier::onednn
