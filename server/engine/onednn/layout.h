#pragma once

#include <dnnl.hpp>
#include <vector>

#include "server/core/tensor.h"
#include "server/engine/kernels/along_axis.h"
#include "server/engine/kernels/loop_nest.h"

namespace rectifier::onednn {

using Desc = dnnl::memory::desc;
using Dims = dnnl::memory::dims;

// A shape's dimensions for oneDNN, which has no scalars: [] becomes {1}.
Dims DimsOf(const Shape& shape);

using DataType = dnnl::memory::data_type;

// The type that stands for `dtype` in a Desc: f32 for itself, and for every other one a type of the
// same width. Primitives compute with f32; of the others a Desc says only how they lie.
DataType CarrierOf(DType dtype);
int64_t ElementSizeOf(const Desc& desc);

// Dense, the dimensions from outermost to innermost in `order`.
Desc Dense(const Dims& dims, const std::vector<int>& order, DataType type = DataType::f32);

// Dense, the last dimension innermost.
Desc RowMajor(const Dims& dims, DataType type = DataType::f32);
inline Desc RowMajor(const Shape& shape) { return RowMajor(DimsOf(shape)); }
inline Desc RowMajor(const TensorType& type) {
  return RowMajor(DimsOf(type.shape), CarrierOf(type.dtype));
}

// The project's one layout for [N, C, spatial…]: N, spatial…, C. Row-major for fewer than 3
// dimensions.
Desc ChannelsLast(const Dims& dims, DataType type = DataType::f32);
inline Desc ChannelsLast(const Shape& shape) { return ChannelsLast(DimsOf(shape)); }

// The dimensions of a dense tensor from outermost to innermost. Dimensions of size 1 stand where
// their stride puts them, or first among equals.
std::vector<int> PhysicalOrder(const Desc& desc);

// The same bytes in the same places: equal dimensions, and equal strides wherever a dimension is
// above 1 (the stride of a dimension of size 1 is never used).
bool SameLayout(const Desc& a, const Desc& b);

// No gaps between the elements, as there are in a part of a larger tensor.
bool IsDense(const Desc& desc);

// A dense tensor seen as [outer, size, inner] in the order in which it lies, with `axis` in the
// middle.
kernels::AxisView ViewAlong(const Desc& desc, int axis);

// The strides of an operand of logical shape `shape` as one of a tensor of shape `to` that it
// broadcasts into: one for each of to's dimensions, 0 where it is repeated.
kernels::Strides BroadcastStrides(const Desc& desc, const Shape& shape, const Shape& to);

// Whether a tensor in this layout lies channels-last rather than row-major; false when both hold.
bool IsChannelsLast(const Desc& desc);

}  // namespace rectifier::onednn
