#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/core/clock.h"

namespace rectifier {

// The message of `status` as the standard library's string_view (Abseil's own may be another type).
inline std::string_view Message(const absl::Status& status) {
  const auto message = status.message();
  return {message.data(), message.size()};
}

// Every error names its place first: "conv_3 (Conv): expected rank 4, got 2".
template <typename... Args>
absl::Status ErrorAt(absl::StatusCode code, std::string_view place,
                     fmt::format_string<Args...> format, Args&&... args) {
  std::string message(place);
  message += ": ";
  message += fmt::format(format, std::forward<Args>(args)...);
  return absl::Status(code, message);
}

template <typename... Args>
absl::Status InvalidArgument(std::string_view place, fmt::format_string<Args...> format,
                             Args&&... args) {
  return ErrorAt(absl::StatusCode::kInvalidArgument, place, format, std::forward<Args>(args)...);
}

template <typename... Args>
absl::Status FailedPrecondition(std::string_view place, fmt::format_string<Args...> format,
                                Args&&... args) {
  return ErrorAt(absl::StatusCode::kFailedPrecondition, place, format, std::forward<Args>(args)...);
}

template <typename... Args>
absl::Status NotFound(std::string_view place, fmt::format_string<Args...> format, Args&&... args) {
  return ErrorAt(absl::StatusCode::kNotFound, place, format, std::forward<Args>(args)...);
}

template <typename... Args>
absl::Status ResourceExhausted(std::string_view place, fmt::format_string<Args...> format,
                               Args&&... args) {
  return ErrorAt(absl::StatusCode::kResourceExhausted, place, format, std::forward<Args>(args)...);
}

template <typename... Args>
absl::Status Unimplemented(std::string_view place, fmt::format_string<Args...> format,
                           Args&&... args) {
  return ErrorAt(absl::StatusCode::kUnimplemented, place, format, std::forward<Args>(args)...);
}

template <typename... Args>
absl::Status Internal(std::string_view place, fmt::format_string<Args...> format, Args&&... args) {
  return ErrorAt(absl::StatusCode::kInternal, place, format, std::forward<Args>(args)...);
}

// `status` with `place` put before its message; OK stays OK.
inline absl::Status At(std::string_view place, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(), fmt::format("{}: {}", place, Message(status)));
}

// `status` with the advice to try the same again after `wait`; a refusal without it is for good.
absl::Status WithRetryAfter(absl::Status status, Duration wait);
std::optional<Duration> RetryAfter(const absl::Status& status);

}  // namespace rectifier

#define RECTIFIER_RETURN_IF_ERROR(expression)            \
  do {                                                   \
    absl::Status rectifier_status = (expression);        \
    if (!rectifier_status.ok()) return rectifier_status; \
  } while (false)

#define RECTIFIER_CONCAT_(a, b) a##b
#define RECTIFIER_CONCAT(a, b) RECTIFIER_CONCAT_(a, b)

// RECTIFIER_ASSIGN_OR_RETURN(auto x, F()): x = *F(), or returns F()'s error.
#define RECTIFIER_ASSIGN_OR_RETURN(lhs, expression) \
  RECTIFIER_ASSIGN_OR_RETURN_(RECTIFIER_CONCAT(rectifier_result_, __LINE__), lhs, expression)
#define RECTIFIER_ASSIGN_OR_RETURN_(result, lhs, expression) \
  auto result = (expression);                                \
  if (!result.ok()) return std::move(result).status();       \
  lhs = *std::move(result)
