#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "server/core/scattered_bytes.h"

// Protobuf's wire format, by its bytes.

namespace rectifier {

// How a value is written; a tag has it in its three lowest bits, the field's number above them.
enum WireType : uint32_t {
  kVarintType = 0,
  kFixed64Type = 1,
  kLengthType = 2,  // a length as a varint, and that many bytes
  kGroupStart = 3,
  kGroupEnd = 4,
  kFixed32Type = 5
};

inline constexpr int kMaxVarintBytes = 10;

// Reads bytes across pieces. Every position is counted from the first byte, and no read goes past
// the `end` that it is given.
//
// Lifetime: the ScatteredBytes outlives it.
class WireCursor {
 public:
  explicit WireCursor(const ScatteredBytes& bytes) : pieces_(bytes.pieces()), size_(bytes.size()) {}

  uint64_t size() const { return size_; }
  uint64_t position() const { return position_; }

  // The next bytes that lie together: at least one, none past `end`, which is ahead.
  ScatteredBytes::Piece Together(uint64_t end) {
    while (offset_ == pieces_[piece_].size()) NextPiece();
    const ScatteredBytes::Piece rest = pieces_[piece_].subspan(offset_);
    return rest.size() <= end - position_ ? rest : rest.first(end - position_);
  }

  // False when that many are not left.
  bool Skip(uint64_t count, uint64_t end) {
    if (count > end - position_) return false;
    position_ += count;
    while (count > 0) {
      const uint64_t here = std::min<uint64_t>(count, pieces_[piece_].size() - offset_);
      offset_ += here;
      count -= here;
      if (count > 0) NextPiece();
    }
    return true;
  }

  // There must be one.
  uint8_t ReadByte() {
    while (offset_ == pieces_[piece_].size()) NextPiece();
    ++position_;
    return static_cast<uint8_t>(pieces_[piece_][offset_++]);
  }

  // False for one that does not end, or has more than 64 bits.
  bool ReadVarint(uint64_t end, uint64_t* value) {
    // Most have one byte.
    if (position_ < end && offset_ < pieces_[piece_].size()) {
      const auto byte = static_cast<uint8_t>(pieces_[piece_][offset_]);
      if (byte < 0x80) {
        ++position_;
        ++offset_;
        *value = byte;
        return true;
      }
    }
    *value = 0;
    for (int i = 0; i < kMaxVarintBytes; ++i) {
      if (position_ == end) return false;
      const uint8_t byte = ReadByte();
      // The tenth byte has room for the highest bit only.
      if (i == kMaxVarintBytes - 1 && byte > 1) return false;
      *value |= static_cast<uint64_t>(byte & 0x7F) << (7 * i);
      if (byte < 0x80) return true;
    }
    return false;
  }

  // The next `count` bytes, which must be there, where they lie.
  ScatteredBytes Read(uint64_t count) {
    ScatteredBytes bytes;
    const uint64_t end = position_ + count;
    while (position_ < end) {
      const ScatteredBytes::Piece here = Together(end);
      bytes.Append(here);
      offset_ += here.size();
      position_ += here.size();
    }
    return bytes;
  }

 private:
  void NextPiece() {
    ++piece_;
    offset_ = 0;
  }

  std::span<const ScatteredBytes::Piece> pieces_;
  size_t piece_ = 0;
  uint64_t offset_ = 0;  // in the piece
  uint64_t position_ = 0;
  uint64_t size_;
};

size_t VarintSize(uint64_t value);
void AppendVarint(uint64_t value, std::string& to);
// What stands before a field of `length` bytes: its tag and its length.
void AppendLengthPrefix(int field, uint64_t length, std::string& to);
// Bytes of a field of `length` bytes, with what stands before it.
size_t FieldSize(int field, uint64_t length);

}  // namespace rectifier
