#include "tests/reference/array.h"

#include <algorithm>

#include "server/core/check.h"

namespace rectifier::reference {
namespace {

size_t RowMajorIndex(const Shape& shape, const Coordinates& at) {
  RECTIFIER_CHECK(at.size() == static_cast<size_t>(shape.rank()));
  int64_t index = 0;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const int64_t coordinate = at[static_cast<size_t>(axis)];
    RECTIFIER_CHECK(coordinate >= 0 && coordinate < shape[axis]);
    index = index * shape[axis] + coordinate;
  }
  return static_cast<size_t>(index);
}

// Calls `use` with a value of the C++ type of `dtype`.
template <typename Use>
void WithElementType(DType dtype, Use use) {
  switch (dtype) {
    case DType::kBool:
      return use(bool{});
    case DType::kUInt8:
      return use(uint8_t{});
    case DType::kInt8:
      return use(int8_t{});
    case DType::kInt32:
      return use(int32_t{});
    case DType::kInt64:
      return use(int64_t{});
    case DType::kFloat32:
      return use(float{});
    case DType::kFloat64:
      return use(double{});
    default:
      RECTIFIER_CHECK(!"an element type that the reference does not know");
  }
}

}  // namespace

bool Array::Contains(const Coordinates& at) const {
  for (int axis = 0; axis < rank(); ++axis) {
    const int64_t coordinate = at[static_cast<size_t>(axis)];
    if (coordinate < 0 || coordinate >= shape()[axis]) return false;
  }
  return true;
}

double& Array::operator[](const Coordinates& at) { return values[RowMajorIndex(shape(), at)]; }

double Array::operator[](const Coordinates& at) const { return values[RowMajorIndex(shape(), at)]; }

Array Zeros(const TensorType& type) {
  return {type, std::vector<double>(static_cast<size_t>(type.shape.ElementCount()), 0.0)};
}

Array Zeros(const Shape& shape) { return Zeros(TensorType{DType::kFloat32, shape}); }

Array FromTensor(const TensorView& tensor) {
  Array array{tensor.type, {}};
  WithElementType(tensor.type.dtype, [&](auto element) {
    const auto data = tensor.data<decltype(element)>();
    for (const auto value : data) array.values.push_back(static_cast<double>(value));
  });
  return array;
}

Tensor ToTensor(const Array& array) {
  auto tensor = Tensor::Allocate(array.type);
  RECTIFIER_CHECK(tensor.ok());
  WithElementType(array.type.dtype, [&](auto element) {
    using T = decltype(element);
    std::transform(array.values.begin(), array.values.end(), tensor->template data<T>().begin(),
                   [](double value) { return static_cast<T>(value); });
  });
  return *std::move(tensor);
}

double Broadcast(const Array& array, const Coordinates& at) {
  Coordinates own(static_cast<size_t>(array.rank()));
  const size_t skipped = at.size() - own.size();
  for (size_t axis = 0; axis < own.size(); ++axis) {
    own[axis] = array.shape()[static_cast<int>(axis)] == 1 ? 0 : at[skipped + axis];
  }
  return array[own];
}

Shape BroadcastShape(const Shape& a, const Shape& b) {
  Shape result = a.rank() >= b.rank() ? a : b;
  const Shape& shorter = a.rank() >= b.rank() ? b : a;
  const int skipped = result.rank() - shorter.rank();
  for (int axis = 0; axis < shorter.rank(); ++axis) {
    if (result[skipped + axis] == 1) result[skipped + axis] = shorter[axis];
    RECTIFIER_CHECK(shorter[axis] == 1 || shorter[axis] == result[skipped + axis]);
  }
  return result;
}

}  // namespace rectifier::reference
