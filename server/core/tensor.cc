#include "server/core/tensor.h"

#include <cstdlib>
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
  // aligned_alloc wants a multiple of the alignment.
  const size_t rounded = (size + kTensorAlignment - 1) / kTensorAlignment * kTensorAlignment;
  data_.reset(static_cast<std::byte*>(std::aligned_alloc(kTensorAlignment, rounded)));
  if (data_ == nullptr) throw std::bad_alloc();
}

void AlignedBuffer::Free::operator()(std::byte* p) const { std::free(p); }

absl::StatusOr<Tensor> Tensor::Allocate(const TensorType& type) {
  RECTIFIER_ASSIGN_OR_RETURN(const int64_t bytes, CheckedByteSize(type));
  Tensor tensor;
  tensor.type_ = type;
  tensor.buffer_ = AlignedBuffer(static_cast<size_t>(bytes));
  return tensor;
}

}  // namespace rectifier
