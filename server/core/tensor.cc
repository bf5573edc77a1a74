#include "server/core/tensor.h"

#include <new>

#include "server/core/status.h"

namespace rectifier {

absl::StatusOr<int64_t> CheckedByteSize(const TensorType& type) {
  RECTIFIER_ASSIGN_OR_RETURN(const int64_t count, type.shape.CheckedElementCount());
  int64_t bytes = 0;
  if (MultiplyOverflows(count, ElementSize(type.dtype), &bytes)) {
    return absl::InvalidArgumentError(
        fmt::format("shape {} of {} has more bytes than can be counted", type.shape.ToString(),
                    Name(type.dtype)));
  }
  return bytes;
}

AlignedBuffer::AlignedBuffer(size_t size) : size_(size) {
  if (size == 0) return;
  data_.reset(static_cast<std::byte*>(::operator new (size, std::align_val_t{kTensorAlignment})));
}

void AlignedBuffer::Free::operator()(std::byte* p) const {
  ::operator delete (p, std::align_val_t{kTensorAlignment});
}

absl::StatusOr<Tensor> Tensor::Allocate(const TensorType& type) {
  RECTIFIER_ASSIGN_OR_RETURN(const int64_t bytes, CheckedByteSize(type));
  Tensor tensor;
  tensor.type_ = type;
  tensor.buffer_ = AlignedBuffer(static_cast<size_t>(bytes));
  return tensor;
}

}  // namespace rectifier
