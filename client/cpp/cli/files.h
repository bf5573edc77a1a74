#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "absl/status/statusor.h"

namespace rectifier::client::cli {

// The whole file. NOT_FOUND when it cannot be read, INVALID_ARGUMENT above `max_bytes`.
absl::StatusOr<std::string> ReadFile(const std::filesystem::path& path, int64_t max_bytes);

// `name` with every character outside [A-Za-z0-9._-] as '_', to be followed by an extension.
std::string FileNameFor(const std::string& name);

}  // namespace rectifier::client::cli
