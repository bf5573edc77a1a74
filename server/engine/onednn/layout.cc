#include "server/engine/onednn/layout.h"

#include <algorithm>
#include <numeric>

namespace rectifier::onednn {

Dims DimsOf(const Shape& shape) {
  if (shape.rank() == 0) return {1};
  return {shape.dims().begin(), shape.dims().end()};
}

DataType CarrierOf(DType dtype) {
  if (dtype == DType::kFloat32) return DataType::f32;
  switch (ElementSize(dtype)) {
    case 1:
      return DataType::u8;
    case 2:
      return DataType::f16;
    case 4:
      return DataType::s32;
    default:
      return DataType::f64;
  }
}

int64_t ElementSizeOf(const Desc& desc) {
  return static_cast<int64_t>(dnnl::memory::data_type_size(desc.get_data_type()));
}

Desc Dense(const Dims& dims, const std::vector<int>& order, DataType type) {
  Dims strides(dims.size());
  int64_t stride = 1;
  for (size_t i = order.size(); i-- > 0;) {
    const auto axis = static_cast<size_t>(order[i]);
    strides[axis] = stride;
    stride *= std::max<int64_t>(1, dims[axis]);
  }
  return Desc(dims, type, strides);
}

Desc RowMajor(const Dims& dims, DataType type) {
  std::vector<int> order(dims.size());
  std::iota(order.begin(), order.end(), 0);
  return Dense(dims, order, type);
}

Desc ChannelsLast(const Dims& dims, DataType type) {
  if (dims.size() < 3) return RowMajor(dims, type);
  std::vector<int> order = {0};
  for (size_t axis = 2; axis < dims.size(); ++axis) order.push_back(static_cast<int>(axis));
  order.push_back(1);
  return Dense(dims, order, type);
}

std::vector<int> PhysicalOrder(const Desc& desc) {
  const Dims strides = desc.get_strides();
  std::vector<int> order(strides.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return strides[static_cast<size_t>(a)] > strides[static_cast<size_t>(b)];
  });
  return order;
}

bool SameLayout(const Desc& a, const Desc& b) {
  if (a == b) return true;
  if (a.get_inner_nblks() != 0 || b.get_inner_nblks() != 0) return false;
  const Dims dims = a.get_dims();
  if (dims != b.get_dims() || a.get_data_type() != b.get_data_type()) return false;
  if (a.get_submemory_offset() != b.get_submemory_offset()) return false;
  const Dims strides_a = a.get_strides();
  const Dims strides_b = b.get_strides();
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] > 1 && strides_a[i] != strides_b[i]) return false;
  }
  return true;
}

bool IsDense(const Desc& desc) {
  if (desc.get_inner_nblks() != 0) return true;
  const Dims dims = desc.get_dims();
  const Dims strides = desc.get_strides();
  int64_t count = 1;
  int64_t span = 1;
  for (size_t i = 0; i < dims.size(); ++i) {
    count *= dims[i];
    span += (dims[i] - 1) * strides[i];
  }
  return span == count;
}

kernels::AxisView ViewAlong(const Desc& desc, int axis) {
  const Dims dims = desc.get_dims();
  kernels::AxisView view;
  bool before = true;
  for (const int i : PhysicalOrder(desc)) {
    const int64_t dim = dims[static_cast<size_t>(i)];
    if (i == axis) {
      view.size = dim;
      before = false;
    } else {
      (before ? view.outer : view.inner) *= dim;
    }
  }
  return view;
}

kernels::Strides BroadcastStrides(const Desc& desc, const Shape& shape, const Shape& to) {
  const Dims strides = desc.get_strides();
  kernels::Strides result(static_cast<size_t>(to.rank()), 0);
  const auto missing = static_cast<size_t>(to.rank() - shape.rank());
  for (int i = 0; i < shape.rank(); ++i) {
    const auto axis = static_cast<size_t>(i);
    if (shape[i] != 1) result[missing + axis] = strides[axis];
  }
  return result;
}

bool IsChannelsLast(const Desc& desc) {
  const Dims dims = desc.get_dims();
  const DataType type = desc.get_data_type();
  return SameLayout(desc, ChannelsLast(dims, type)) && !SameLayout(desc, RowMajor(dims, type));
}

}  // namespace rectifier::onednn
