#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "client/cpp/cli/image.h"

namespace rectifier::client::cli {

// A picture that is larger is refused before any memory is taken for it.
inline constexpr int64_t kMaxPngPixels = int64_t{1} << 24;
inline constexpr int64_t kMaxPngFileBytes = int64_t{128} << 20;

// Every kind of PNG: gray of 1 to 16 bits, colour, palette (becomes colour), each with or without
// alpha, interlaced or not. 16-bit values keep their fractions. Gamma and colour profiles are
// passed over: networks are trained on the numbers in the file.
//
// `place` begins the messages. INVALID_ARGUMENT for bytes that are damaged, cut short, or too large
// a picture.
absl::StatusOr<Image> DecodePng(const std::string& place, std::span<const std::byte> bytes);

// NOT_FOUND when the file cannot be read; otherwise as DecodePng().
absl::StatusOr<Image> ReadPng(const std::filesystem::path& path);

}  // namespace rectifier::client::cli
