#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace rectifier::client::cli {

// The label in a file's name: "0007_label3.png" → 3; nullopt when the name has none.
std::optional<int64_t> LabelInName(const std::filesystem::path& path);

// A one-dimensional int64 .npy file. INVALID_ARGUMENT for any other, and unless it has `count`.
absl::StatusOr<std::vector<std::optional<int64_t>>> ReadLabels(const std::filesystem::path& path,
                                                               size_t count);

}  // namespace rectifier::client::cli
