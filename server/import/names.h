#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace rectifier {

// A name from a file is valid UTF-8 without control characters, so that it can stand in messages,
// logs and replies, and of at most `max_bytes`. INVALID_ARGUMENT says what it is not; the message
// begins with `place`.
absl::Status CheckName(std::string_view place, std::string_view name, int64_t max_bytes);

}  // namespace rectifier
