#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "absl/status/statusor.h"
#include "server/core/check.h"
#include "server/core/dtype.h"
#include "server/core/shape.h"

namespace rectifier {

// A tensor's element type and dimensions.
struct TensorType {
  DType dtype = DType::kFloat32;
  Shape shape;

  friend bool operator==(const TensorType&, const TensorType&) = default;
};

// Bytes of a tensor of this type; INVALID_ARGUMENT when the type is not static or they do not fit.
absl::StatusOr<int64_t> CheckedByteSize(const TensorType& type);

// A borrowed, read-only tensor in row-major order. Never stored past the call that it is given to.
struct TensorView {
  TensorType type;
  std::span<const std::byte> bytes;

  template <typename T>
  std::span<const T> data() const {
    RECTIFIER_CHECK(type.dtype == kDTypeOf<T>);
    return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
  }
};

// A borrowed tensor to write into, likewise.
struct MutableTensorView {
  TensorType type;
  std::span<std::byte> bytes;

  template <typename T>
  std::span<T> data() const {
    RECTIFIER_CHECK(type.dtype == kDTypeOf<T>);
    return {reinterpret_cast<T*>(bytes.data()), bytes.size() / sizeof(T)};
  }
};

// 64 bytes: a cache line and an AVX-512 register.
inline constexpr size_t kTensorAlignment = 64;

// Owns kTensorAlignment-aligned memory, not initialised. What is large is the system's own, in huge
// pages where it has them, and goes back to it at once: a heap keeps what was once freed, and a
// model that is loaded frees as much as it keeps. Under AddressSanitizer all of it is the heap's,
// which has red zones.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(size_t size);
  // The heap's, however large: for what is freed soon and then asked for again.
  static AlignedBuffer OfHeap(size_t size);

  std::byte* data() const { return data_.get(); }
  size_t size() const { return data_ == nullptr ? 0 : data_.get_deleter().size; }

 private:
  struct Free {
    size_t size;
    bool mapped;
    void operator()(std::byte* p) const;
  };
  std::unique_ptr<std::byte, Free> data_{nullptr, Free{0, false}};
};

// A tensor that owns its elements, in row-major order. Movable, not copyable.
class Tensor {
 public:
  Tensor() = default;

  // Elements are not initialised. INVALID_ARGUMENT when `type` is not static or its size overflows.
  static absl::StatusOr<Tensor> Allocate(const TensorType& type);

  // A copy of `values`, whose number must be the shape's element count (checked).
  template <typename T>
  static Tensor From(const Shape& shape, std::span<const T> values) {
    absl::StatusOr<Tensor> tensor = Allocate({kDTypeOf<T>, shape});
    RECTIFIER_CHECK(tensor.ok());
    RECTIFIER_CHECK(static_cast<size_t>(shape.ElementCount()) == values.size());
    std::copy(values.begin(), values.end(), tensor->template data<T>().begin());
    return *std::move(tensor);
  }
  static Tensor Scalar(float value) { return From<float>(Shape{}, std::span(&value, 1)); }

  const TensorType& type() const { return type_; }
  const Shape& shape() const { return type_.shape; }
  DType dtype() const { return type_.dtype; }
  int64_t ElementCount() const { return type_.shape.ElementCount(); }
  std::span<std::byte> bytes() { return {buffer_.data(), buffer_.size()}; }
  std::span<const std::byte> bytes() const { return {buffer_.data(), buffer_.size()}; }
  TensorView view() const { return {type_, bytes()}; }
  MutableTensorView mutable_view() { return {type_, bytes()}; }

  template <typename T>
  std::span<T> data() {
    return mutable_view().data<T>();
  }
  template <typename T>
  std::span<const T> data() const {
    return view().data<T>();
  }

 private:
  TensorType type_{DType::kFloat32, Shape{0}};
  AlignedBuffer buffer_;
};

}  // namespace rectifier
