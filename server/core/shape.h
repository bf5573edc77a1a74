#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"

namespace rectifier {

// The most dimensions that a tensor may have, from a model file or on the wire.
inline constexpr int kMaxRank = 8;

// A dimension whose size is known only when an input arrives.
inline constexpr int64_t kDynamicDim = -1;

// a · b, or nullopt-like false when it does not fit in int64. Sizes that come from files and
// requests are multiplied with this only.
[[nodiscard]] inline bool MultiplyOverflows(int64_t a, int64_t b, int64_t* product) {
  return __builtin_mul_overflow(a, b, product);
}

// The dimensions of a tensor, outermost first; a dimension may be kDynamicDim in a model's
// signature and in a graph that is not yet bound to an input's shape.
class Shape {
 public:
  Shape() = default;  // a scalar
  Shape(std::initializer_list<int64_t> dims) : dims_(dims) {}
  explicit Shape(std::span<const int64_t> dims) : dims_(dims.begin(), dims.end()) {}

  int rank() const { return static_cast<int>(dims_.size()); }
  int64_t operator[](int axis) const { return dims_[static_cast<size_t>(axis)]; }
  int64_t& operator[](int axis) { return dims_[static_cast<size_t>(axis)]; }
  std::span<const int64_t> dims() const { return {dims_.data(), dims_.size()}; }
  void push_back(int64_t dim) { dims_.push_back(dim); }

  // No dimension is dynamic.
  bool IsStatic() const;

  // The product of the dimensions; 1 for a scalar. INVALID_ARGUMENT for a dynamic or negative
  // dimension and for a product above 2^62.
  absl::StatusOr<int64_t> CheckedElementCount() const;

  // The same for a shape that has been checked before.
  int64_t ElementCount() const;

  // "[2, ?, 8]"; "[]" for a scalar.
  std::string ToString() const;

  friend bool operator==(const Shape& a, const Shape& b) { return a.dims_ == b.dims_; }

 private:
  absl::InlinedVector<int64_t, 6> dims_;
};

// True when every dimension of `shape` equals `pattern`'s or `pattern`'s is dynamic.
bool Matches(const Shape& shape, const Shape& pattern);

}  // namespace rectifier
