#pragma once

#include <filesystem>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/core/tensor.h"

namespace rectifier {

// All bytes of a regular file. Its size is looked at before anything is allocated or read.
//
// NOT_FOUND, INVALID_ARGUMENT (not a regular file, empty), RESOURCE_EXHAUSTED (above `max_bytes`),
// FAILED_PRECONDITION (cannot be read); messages begin with `place`.
absl::StatusOr<AlignedBuffer> ReadModelFile(std::string_view place,
                                            const std::filesystem::path& path, int64_t max_bytes);

}  // namespace rectifier
