#include "server/ops/range.h"

#include <cmath>
#include <limits>
#include <vector>

#include "server/ops/attribute_reader.h"

namespace rectifier {
namespace {

// Far more than any network counts up to, and little enough to be made at load.
constexpr int64_t kMaxCount = int64_t{1} << 24;

template <typename T>
absl::StatusOr<int64_t> Count(const NodeTypes& types) {
  const auto number = [&](int i) { return static_cast<double>(types.constant(i)->data<T>()[0]); };
  const double count = std::ceil((number(1) - number(0)) / number(2));
  if (number(2) == 0 || std::isnan(count) || count > static_cast<double>(kMaxCount)) {
    return InvalidArgument(types.place(), "from {} to {} in steps of {} is no range of at most {}",
                           number(0), number(1), number(2), kMaxCount);
  }
  return count < 0 ? 0 : static_cast<int64_t>(count);
}

absl::StatusOr<int64_t> CountOf(const NodeTypes& types) {
  switch (types.type(0).dtype) {
    case DType::kInt64:
      return Count<int64_t>(types);
    case DType::kInt32:
      return Count<int32_t>(types);
    default:
      return Count<float>(types);
  }
}

template <typename T>
Tensor Fill(const Tensor& start, const Tensor& limit, const Tensor& delta) {
  const T first = start.data<T>()[0];
  const T step = delta.data<T>()[0];
  const double count =
      std::ceil((static_cast<double>(limit.data<T>()[0]) - static_cast<double>(first)) /
                static_cast<double>(step));
  std::vector<T> values(count < 0 ? 0 : static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<T>(first + static_cast<T>(i) * step);
  }
  return Tensor::From<T>(Shape{static_cast<int64_t>(values.size())}, values);
}

template <typename T>
Tensor NonZeroOf(const Tensor& x) {
  const auto data = x.data<T>();
  const int rank = x.shape().rank();
  std::vector<size_t> positions;
  for (size_t i = 0; i < data.size(); ++i) {
    if (data[i] != T{0}) positions.push_back(i);
  }
  std::vector<int64_t> coordinates;
  auto below = static_cast<size_t>(x.ElementCount());
  for (int axis = 0; axis < rank; ++axis) {
    const auto dim = static_cast<size_t>(x.shape()[axis]);
    if (dim > 0) below /= dim;
    for (const size_t position : positions) {
      coordinates.push_back(static_cast<int64_t>(position / below % dim));
    }
  }
  return Tensor::From<int64_t>(Shape{rank, static_cast<int64_t>(positions.size())}, coordinates);
}

}  // namespace

absl::Status InferRange(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(AttributeReader(types.node()).Finish());
  const DType dtype = types.type(0).dtype;
  bool known = true;
  for (int i = 0; i < 3; ++i) {
    const TensorType& type = types.type(i);
    const bool number =
        dtype == DType::kFloat32 || dtype == DType::kInt64 || dtype == DType::kInt32;
    const bool scalar = type.shape.rank() == 0 || (type.shape.rank() == 1 && type.shape[0] == 1);
    if (!number || type.dtype != dtype || !scalar) {
      return InvalidArgument(types.place(),
                             "input {} ({}): expected a scalar of f32, i64 or i32, like the "
                             "others, got {}{}",
                             i, types.name(i), Name(type.dtype), type.shape.ToString());
    }
    known = known && types.constant(i) != nullptr;
  }
  int64_t count = kDynamicDim;
  if (known) {
    RECTIFIER_ASSIGN_OR_RETURN(count, CountOf(types));
  }
  types.SetOutput(0, {dtype, Shape{count}});
  return absl::OkStatus();
}

absl::Status InferNonZero(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(AttributeReader(types.node()).Finish());
  int64_t count = kDynamicDim;
  if (const Tensor* x = types.constant(0)) {
    const DType dtype = x->dtype();
    if (dtype != DType::kFloat32 && dtype != DType::kInt64 && dtype != DType::kInt32 &&
        dtype != DType::kBool) {
      return InvalidArgument(types.place(), "input 0 ({}): expected f32, i64, i32 or bool, got {}",
                             types.name(0), Name(dtype));
    }
    count = NonZeroTensor(*x).shape()[1];
  }
  types.SetOutput(0, {DType::kInt64, Shape{types.shape(0).rank(), count}});
  return absl::OkStatus();
}

Tensor RangeTensor(const Tensor& start, const Tensor& limit, const Tensor& delta) {
  switch (start.dtype()) {
    case DType::kInt64:
      return Fill<int64_t>(start, limit, delta);
    case DType::kInt32:
      return Fill<int32_t>(start, limit, delta);
    default:
      return Fill<float>(start, limit, delta);
  }
}

Tensor NonZeroTensor(const Tensor& x) {
  switch (x.dtype()) {
    case DType::kInt64:
      return NonZeroOf<int64_t>(x);
    case DType::kInt32:
      return NonZeroOf<int32_t>(x);
    case DType::kBool:
      return NonZeroOf<bool>(x);
    default:
      return NonZeroOf<float>(x);
  }
}

}  // namespace rectifier
