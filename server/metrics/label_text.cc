#include "server/metrics/label_text.h"

#include <cstdint>

namespace rectifier {
namespace {

uint8_t ByteAt(std::string_view text, size_t i) { return static_cast<uint8_t>(text[i]); }

// Bytes of the well-formed UTF-8 character at the front of `text`, or 0 (Unicode 15, table 3-7).
size_t CharacterLength(std::string_view text) {
  const uint8_t lead = ByteAt(text, 0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (text.size() < length) return 0;
  // The second byte's range keeps out overlong forms, surrogates and what is above U+10FFFF.
  const uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (ByteAt(text, 1) < low || ByteAt(text, 1) > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if ((ByteAt(text, i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

}  // namespace

std::string LabelText(std::string_view text, size_t max_bytes) {
  std::string label;
  while (!text.empty()) {
    const size_t length = CharacterLength(text);
    if (label.size() + (length == 0 ? 1 : length) > max_bytes) break;
    if (length == 0) {
      label += '?';
    } else if (length == 1 && (ByteAt(text, 0) < 0x20 || ByteAt(text, 0) == 0x7F)) {
      label += ' ';
    } else {
      label += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return label;
}

}  // namespace rectifier
