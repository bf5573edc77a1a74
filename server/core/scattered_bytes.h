#pragma once

#include <cstddef>
#include <span>

#include "absl/container/inlined_vector.h"
#include "server/core/tensor.h"

namespace rectifier {

// Borrowed bytes that may lie in several pieces of memory, as a network delivers them; in order.
class ScatteredBytes {
 public:
  using Piece = std::span<const std::byte>;

  ScatteredBytes() = default;
  ScatteredBytes(Piece piece) { Append(piece); }  // NOLINT(google-explicit-constructor)

  void Append(Piece piece) {
    if (piece.empty()) return;  // so that no piece is
    pieces_.push_back(piece);
    size_ += piece.size();
  }

  void Clear() {
    pieces_.clear();
    size_ = 0;
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::span<const Piece> pieces() const { return {pieces_.data(), pieces_.size()}; }

  // `size` bytes from `begin` on, which must be there (checked).
  ScatteredBytes Range(size_t begin, size_t size) const;

  // Copies them to `to`, which has size() bytes (checked).
  void CopyTo(std::span<std::byte> to) const;

 private:
  absl::InlinedVector<Piece, 1> pieces_;
  size_t size_ = 0;
};

// A borrowed, read-only tensor in row-major order, whose bytes may be cut anywhere and need not be
// aligned.
struct ScatteredTensor {
  TensorType type;
  ScatteredBytes bytes;

  ScatteredTensor(const TensorType& of, ScatteredBytes from) : type(of), bytes(std::move(from)) {}
  ScatteredTensor(const TensorView& view)  // NOLINT(google-explicit-constructor)
      : type(view.type), bytes(view.bytes) {}
};

}  // namespace rectifier
