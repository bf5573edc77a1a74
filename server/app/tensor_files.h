#pragma once

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "server/core/shape.h"
#include "server/core/tensor.h"

namespace rectifier {

// Both say INVALID_ARGUMENT without a place: that is the option, which the caller knows.

// "NAME=TEXT" in two, at the last '=' (a name may hold one).
absl::StatusOr<std::pair<std::string, std::string>> SplitAssignment(const std::string& text);

// "1x3x112x112".
absl::StatusOr<Shape> ParseShape(const std::string& text);

// The file that an output is written to: characters outside [A-Za-z0-9._-] become '_', and ".npy"
// is added.
std::string OutputFileName(const std::string& output);

// A .npy file has no bf16: it holds the values as f32. Of a tensor of bf16 those of f32, and back,
// rounded to the nearest; RESOURCE_EXHAUSTED when there is no memory for them.
absl::StatusOr<Tensor> FloatsOfBFloats(const Tensor& tensor);
absl::StatusOr<Tensor> BFloatsOfFloats(const Tensor& tensor);

}  // namespace rectifier
