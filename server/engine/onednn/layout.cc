#include "server/engine/onednn/layout.h"

#include <algorithm>
#include <numeric>

namespace rectifier::onednn {

Dims DimsOf(const Shape& shape) {
  if (shape.rank() == 0) return {1};
  return {shape.dims().begin(), shape.dims().end()};
}

Desc Dense(const Dims& dims, const std::vector<int>& order) {
  Dims strides(dims.size());
  int64_t stride = 1;
  for (size_t i = order.size(); i-- > 0;) {
    const auto axis = static_cast<size_t>(order[i]);
    strides[axis] = stride;
    stride *= dims[axis];
  }
  return Desc(dims, dnnl::memory::data_type::f32, strides);
}

Desc RowMajor(const Dims& dims) {
  std::vector<int> order(dims.size());
  std::iota(order.begin(), order.end(), 0);
  return Dense(dims, order);
}

Desc ChannelsLast(const Dims& dims) {
  if (dims.size() < 3) return RowMajor(dims);
  std::vector<int> order = {0};
  for (size_t axis = 2; axis < dims.size(); ++axis) order.push_back(static_cast<int>(axis));
  order.push_back(1);
  return Dense(dims, order);
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

bool IsChannelsLast(const Desc& desc) {
  const Dims dims = desc.get_dims();
  return SameLayout(desc, ChannelsLast(dims)) && !SameLayout(desc, RowMajor(dims));
}

}  // namespace rectifier::onednn
