#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "server/core/status.h"

namespace rectifier {

// "OK", or the code and the message: "INVALID_ARGUMENT: conv_3 (Conv): expected rank 4, got 2".
inline std::string StatusText(const absl::Status& status) {
  if (status.ok()) return "OK";
  return fmt::format("{}: {}", absl::StatusCodeToString(status.code()), Message(status));
}

template <typename T>
std::string StatusText(const absl::StatusOr<T>& result) {
  return StatusText(result.status());
}

}  // namespace rectifier
