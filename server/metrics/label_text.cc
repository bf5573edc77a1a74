#include "server/metrics/label_text.h"

#include <cstdint>

#include "server/core/utf8.h"

namespace rectifier {
namespace {

uint8_t ByteAt(std::string_view text, size_t i) { return static_cast<uint8_t>(text[i]); }

// Bytes of the well-formed UTF-8 character at the front of `text`, or 0.
size_t CharacterLength(std::string_view text) {
  Utf8Follower follower;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!follower.Take(ByteAt(text, i))) return 0;
    if (follower.complete()) return i + 1;
  }
  return 0;
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
