#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/core/file_descriptor.h"
#include "server/core/tensor.h"

namespace rectifier {

// A regular file that is open to be read from its beginning, and its size when it was opened.
struct OpenModelFile {
  FileDescriptor file;
  int64_t bytes;
};

// Opens a model file, of whose bytes nothing is read.
//
// NOT_FOUND, INVALID_ARGUMENT (not a regular file, empty), RESOURCE_EXHAUSTED (above `max_bytes`),
// FAILED_PRECONDITION (cannot be opened); messages begin with `place`.
absl::StatusOr<OpenModelFile> OpenModel(std::string_view place, const std::filesystem::path& path,
                                        int64_t max_bytes);

// The same, and all bytes of it. FAILED_PRECONDITION also when it cannot be read.
absl::StatusOr<AlignedBuffer> ReadModelFile(std::string_view place,
                                            const std::filesystem::path& path, int64_t max_bytes);

}  // namespace rectifier
