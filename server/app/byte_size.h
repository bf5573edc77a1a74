#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace rectifier {

// "64MiB", "1g", "4096": digits and a unit of 1024s (B, K, M, G, T, with or without "B" or "iB", in
// upper or lower case). INVALID_ARGUMENT unless it is in [1, 2^50].
absl::StatusOr<int64_t> ParseByteSize(const std::string& text);

}  // namespace rectifier
