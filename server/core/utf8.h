#pragma once

#include <cstdint>

namespace rectifier {

// Follows text a byte at a time: the well-formed sequences of Unicode 15, table 3-7.
class Utf8Follower {
 public:
  // False when `byte` cannot come next.
  bool Take(uint8_t byte) {
    if (left_ > 0) {
      if (byte < low_ || byte > high_) return false;
      --left_;
      low_ = 0x80;
      high_ = 0xBF;
      return true;
    }
    if (byte < 0x80) return true;
    if (byte < 0xC2 || byte > 0xF4) return false;
    left_ = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
    if (byte == 0xE0) low_ = 0xA0;   // shorter forms exist
    if (byte == 0xED) high_ = 0x9F;  // surrogates
    if (byte == 0xF0) low_ = 0x90;   // shorter forms exist
    if (byte == 0xF4) high_ = 0x8F;  // above U+10FFFF
    return true;
  }
  // No character is left half-way.
  bool complete() const { return left_ == 0; }

 private:
  int left_ = 0;  // bytes of the character that are still to come
  uint8_t low_ = 0x80;
  uint8_t high_ = 0xBF;
};

}  // namespace rectifier
