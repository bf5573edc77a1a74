#include "server/core/printable.h"

namespace rectifier {

std::string Printable(std::string_view text, size_t max_bytes) {
  std::string printable;
  for (const char c : text.substr(0, max_bytes)) printable += c >= 0x20 && c < 0x7f ? c : '?';
  if (text.size() > max_bytes) printable += "...";
  return printable;
}

}  // namespace rectifier
