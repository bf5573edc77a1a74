#pragma once

#include <filesystem>

#include "absl/status/statusor.h"
#include "server/core/tensor.h"

namespace rectifier {

// NumPy's array file, format 1.0 to 3.0 (numpy.lib.format): little-endian, C order, of the element
// types of DType but bf16. Fortran order, big-endian and object arrays are refused.
//
// Errors: NOT_FOUND when the file cannot be opened, INVALID_ARGUMENT for anything else; the message
// begins with the path.
absl::StatusOr<Tensor> ReadNpy(const std::filesystem::path& path);

// Writes format 1.0.
absl::Status WriteNpy(const std::filesystem::path& path, const TensorView& tensor);

}  // namespace rectifier
