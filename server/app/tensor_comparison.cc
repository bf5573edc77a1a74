#include "server/app/tensor_comparison.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "server/core/check.h"
#include "server/core/float_formats.h"

namespace rectifier {
namespace {

template <typename T>
double Read(const std::byte* at) {
  T value{};
  std::memcpy(&value, at, sizeof(T));
  return static_cast<double>(value);
}

double ElementAt(const TensorView& tensor, size_t i) {
  const std::byte* at =
      tensor.bytes.data() + i * static_cast<size_t>(ElementSize(tensor.type.dtype));
  switch (tensor.type.dtype) {
    case DType::kFloat32:
      return Read<float>(at);
    case DType::kFloat64:
      return Read<double>(at);
    case DType::kFloat16:
      return FloatFromHalf(static_cast<uint16_t>(Read<uint16_t>(at)));
    case DType::kBFloat16:
      return FloatFromBFloat(static_cast<uint16_t>(Read<uint16_t>(at)));
    case DType::kInt8:
      return Read<int8_t>(at);
    case DType::kInt16:
      return Read<int16_t>(at);
    case DType::kInt32:
      return Read<int32_t>(at);
    case DType::kInt64:
      return Read<int64_t>(at);
    case DType::kUInt16:
      return Read<uint16_t>(at);
    case DType::kUInt32:
      return Read<uint32_t>(at);
    case DType::kUInt64:
      return Read<uint64_t>(at);
    case DType::kBool:
    case DType::kUInt8:
      return Read<uint8_t>(at);
  }
  return 0;
}

}  // namespace

TensorDifference CompareTensors(const TensorView& got, const TensorView& want, double rtol,
                                double atol) {
  RECTIFIER_CHECK(got.type == want.type);
  TensorDifference result;
  for (int64_t i = 0; i < want.type.shape.ElementCount(); ++i) {
    const double a = ElementAt(got, static_cast<size_t>(i));
    const double b = ElementAt(want, static_cast<size_t>(i));
    if (a == b || (std::isnan(a) && std::isnan(b))) continue;
    double difference = std::abs(a - b);
    if (std::isnan(difference)) difference = std::numeric_limits<double>::infinity();
    result.largest = std::max(result.largest, difference);
    const bool close = std::isfinite(b) && difference <= atol + rtol * std::abs(b);
    if (close) continue;
    if (result.beyond++ == 0) {
      result.first_beyond = i;
      result.got = a;
      result.want = b;
    }
  }
  return result;
}

}  // namespace rectifier
