#include "server/app/byte_size.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string_view>

#include "server/core/shape.h"
#include "server/core/status.h"

namespace rectifier {

absl::StatusOr<int64_t> ParseByteSize(const std::string& text) {
  constexpr std::string_view kUnits = "bkmgt";
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  std::string unit(end, text.data() + text.size());
  std::transform(unit.begin(), unit.end(), unit.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  int64_t factor = 1;
  bool known = unit.empty();
  if (!unit.empty()) {
    const size_t power = kUnits.find(unit[0]);
    const std::string rest = unit.substr(1);
    known = power != std::string_view::npos &&
            (rest.empty() || (power > 0 && (rest == "b" || rest == "ib")));
    if (known) factor = int64_t{1} << (10 * power);
  }
  int64_t bytes = 0;
  if (error != std::errc() || !known || MultiplyOverflows(value, factor, &bytes) || bytes < 1 ||
      bytes > kMaxByteSize) {
    return absl::InvalidArgumentError(fmt::format(
        "expected a number of bytes such as 4096 or 64MiB, at least 1, got '{}'", text));
  }
  return bytes;
}

}  // namespace rectifier
