#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rectifier {

// `text` as the value of a label: at most `max_bytes` bytes, cut between characters, and valid
// UTF-8 with "?" for each byte that is not (Prometheus refuses the whole page for one bad byte),
// control characters as spaces.
std::string LabelText(std::string_view text, size_t max_bytes);

}  // namespace rectifier
