#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace rectifier {

// The file in a model's folder that says how the model is to be served.
inline constexpr char kConfigFileName[] = "config.pbtxt";
inline constexpr int64_t kMaxConfigBytes = int64_t{256} << 10;

// The text of the file in `model_folder`; nothing when there is none. Errors begin with the file's
// name: INVALID_ARGUMENT when it is no regular file or leads out of the folder, RESOURCE_EXHAUSTED
// when it is too large, FAILED_PRECONDITION when it cannot be read.
absl::StatusOr<std::optional<std::string>> ReadConfigFile(
    const std::filesystem::path& model_folder);

}  // namespace rectifier
