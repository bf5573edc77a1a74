#include "tests/reference/array.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <type_traits>

#include "server/core/check.h"
#include "server/core/float_formats.h"

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
    case DType::kUInt16:
      return use(uint16_t{});
    case DType::kUInt32:
      return use(uint32_t{});
    case DType::kUInt64:
      return use(uint64_t{});
    case DType::kInt8:
      return use(int8_t{});
    case DType::kInt16:
      return use(int16_t{});
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

// The nearest that fits.
int64_t Integer(double value) {
  constexpr double kEnd = 0x1p63;
  return value >= kEnd    ? std::numeric_limits<int64_t>::max()
         : value <= -kEnd ? std::numeric_limits<int64_t>::min()
                          : static_cast<int64_t>(value);
}

// A float of 16 bits, in memory.
struct Half {
  uint16_t bits = 0;
};

double FromBits(DType dtype, Half half) {
  return dtype == DType::kFloat16 ? FloatFromHalf(half.bits) : FloatFromBFloat(half.bits);
}

Half ToBits(DType dtype, double value) {
  const auto rounded = static_cast<float>(value);
  return {dtype == DType::kFloat16 ? HalfFromFloat(rounded) : BFloatFromFloat(rounded)};
}

bool IsHalf(DType dtype) { return dtype == DType::kFloat16 || dtype == DType::kBFloat16; }

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
  if (IsHalf(tensor.type.dtype)) {
    const std::span halves(reinterpret_cast<const Half*>(tensor.bytes.data()),
                           tensor.bytes.size() / sizeof(Half));
    for (const Half half : halves) array.values.push_back(FromBits(tensor.type.dtype, half));
    return array;
  }
  WithElementType(tensor.type.dtype, [&](auto element) {
    const auto data = tensor.data<decltype(element)>();
    for (const auto value : data) array.values.push_back(static_cast<double>(value));
  });
  return array;
}

Tensor ToTensor(const Array& array) {
  auto tensor = Tensor::Allocate(array.type);
  RECTIFIER_CHECK(tensor.ok());
  if (IsHalf(array.type.dtype)) {
    std::transform(array.values.begin(), array.values.end(),
                   reinterpret_cast<Half*>(tensor->bytes().data()),
                   [&](double value) { return ToBits(array.type.dtype, value); });
    return *std::move(tensor);
  }
  WithElementType(array.type.dtype, [&](auto element) {
    using T = decltype(element);
    std::transform(array.values.begin(), array.values.end(), tensor->template data<T>().begin(),
                   [](double value) {
                     if constexpr (std::is_same_v<T, int64_t>) return Integer(value);
                     return static_cast<T>(value);
                   });
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

double Stored(DType dtype, double value) {
  if (dtype == DType::kFloat32 || dtype == DType::kFloat64 || IsHalf(dtype)) return value;
  if (!std::isfinite(value)) return 0;
  value = std::trunc(value);
  if (dtype == DType::kInt64) return value;
  double stored = 0;
  WithElementType(dtype, [&](auto element) {
    stored = static_cast<double>(static_cast<decltype(element)>(static_cast<int64_t>(value)));
  });
  return stored;
}

std::vector<int64_t> Integers(const Array& list) {
  std::vector<int64_t> integers;
  for (const double value : list.values) integers.push_back(Integer(value));
  return integers;
}

}  // namespace rectifier::reference
