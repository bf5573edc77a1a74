#include "server/core/tensor.h"

#include <sys/mman.h>

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

namespace {

#ifdef __has_feature
#define RECTIFIER_CLANG_ASAN __has_feature(address_sanitizer)
#else
#define RECTIFIER_CLANG_ASAN 0
#endif
#if defined(__SANITIZE_ADDRESS__) || RECTIFIER_CLANG_ASAN
constexpr size_t kLarge = SIZE_MAX;
#else
constexpr size_t kLarge = size_t{2} << 20;
#endif

void* Map(size_t size) {
  void* p = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) throw std::bad_alloc();
  madvise(p, size, MADV_HUGEPAGE);  // a wish: no kernel has to have them
  return p;
}

}  // namespace

AlignedBuffer::AlignedBuffer(size_t size) {
  if (size < kLarge) {
    *this = OfHeap(size);
  } else {
    data_ = {static_cast<std::byte*>(Map(size)), Free{size, /*mapped=*/true}};
  }
}

AlignedBuffer AlignedBuffer::OfHeap(size_t size) {
  AlignedBuffer buffer;
  if (size == 0) return buffer;
  void* p = ::operator new (size, std::align_val_t{kTensorAlignment});
  buffer.data_ = {static_cast<std::byte*>(p), Free{size, /*mapped=*/false}};
  return buffer;
}

void AlignedBuffer::Free::operator()(std::byte* p) const {
  if (mapped) {
    munmap(p, size);
  } else {
    ::operator delete (p, std::align_val_t{kTensorAlignment});
  }
}

absl::StatusOr<Tensor> Tensor::Allocate(const TensorType& type) {
  RECTIFIER_ASSIGN_OR_RETURN(const int64_t bytes, CheckedByteSize(type));
  Tensor tensor;
  tensor.type_ = type;
  tensor.buffer_ = AlignedBuffer(static_cast<size_t>(bytes));
  return tensor;
}

}  // namespace rectifier
