#include "client/cpp/cli/text.h"

#include <algorithm>

namespace rectifier::client::cli {

std::string Printable(std::string_view text) {
  std::string result(text);
  std::replace_if(
      result.begin(), result.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return result;
}

}  // namespace rectifier::client::cli
