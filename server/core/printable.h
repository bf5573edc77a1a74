#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rectifier {

// The beginning of any text, of at most `max_bytes`, in printable ASCII: fit for messages and logs.
std::string Printable(std::string_view text, size_t max_bytes = 64);

}  // namespace rectifier
