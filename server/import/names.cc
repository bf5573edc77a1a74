#include "server/import/names.h"

#include "server/core/printable.h"
#include "server/core/status.h"

namespace rectifier {
namespace {

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// Bytes of the code point that `text` begins with, or 0 when it is not one (RFC 3629: no overlong
// forms, no surrogates, nothing above U+10FFFF).
size_t CodePointLength(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!IsContinuation(text[i])) return 0;
  }
  const auto second = static_cast<unsigned char>(text[1]);
  if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
      (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) {
    return 0;
  }
  return length;
}

}  // namespace

absl::Status CheckName(std::string_view place, std::string_view name, int64_t max_bytes) {
  if (static_cast<int64_t>(name.size()) > max_bytes) {
    return InvalidArgument(place, "the name '{}' has {} bytes, at most {} are allowed",
                           Printable(name), name.size(), max_bytes);
  }
  for (std::string_view rest = name; !rest.empty();) {
    const size_t length = CodePointLength(rest);
    const auto lead = static_cast<unsigned char>(rest[0]);
    if (length == 0) {
      return InvalidArgument(place, "the name '{}' is not UTF-8", Printable(name));
    }
    if (lead < 0x20 || lead == 0x7f) {
      return InvalidArgument(place, "the name '{}' has control characters", Printable(name));
    }
    rest.remove_prefix(length);
  }
  return absl::OkStatus();
}

}  // namespace rectifier
