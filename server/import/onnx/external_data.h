#pragma once

#include <filesystem>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/core/file_descriptor.h"

namespace rectifier {

// The files that an ONNX model may keep its weights in: regular ones beside the model file or in
// folders below, never what a path or a symbolic link leads to outside.
class ExternalData {
 public:
  // Of a model that is no file: nothing can be read.
  ExternalData() = default;
  // Of the model at `file`.
  static ExternalData Beside(const std::filesystem::path& file);

  // Fills `bytes` from `offset` on of the file `location`. INVALID_ARGUMENT, beginning with
  // `place`, for a location that leads outside, is no regular file, or has fewer bytes; NOT_FOUND
  // when there is none.
  absl::Status Read(std::string_view place, std::string_view location, int64_t offset,
                    std::span<std::byte> bytes) const;

 private:
  FileDescriptor folder_;
};

}  // namespace rectifier
