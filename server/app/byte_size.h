#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace rectifier {

inline constexpr int64_t kMaxByteSize = int64_t{1} << 50;

// "64MiB", "1g", "4096": digits and a unit of 1024s (B, K, M, G, T, with or without "B" or "iB", in
// upper or lower case). INVALID_ARGUMENT unless it is in [1, kMaxByteSize].
absl::StatusOr<int64_t> ParseByteSize(const std::string& text);

}  // namespace rectifier
