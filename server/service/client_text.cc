#include "server/service/client_text.h"

#include <fmt/format.h>

namespace rectifier {

std::string_view CutText(std::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

std::string ClientText(std::string_view text) {
  constexpr size_t kMaxBytes = 64;
  const std::string_view shown = CutText(text, kMaxBytes);
  return fmt::format("'{}{}'", shown, shown.size() < text.size() ? "…" : "");
}

}  // namespace rectifier
