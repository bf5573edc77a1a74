#include "server/core/status.h"

#include <charconv>
#include <string>

namespace rectifier {
namespace {

constexpr const char* kRetryAfter = "rectifier/retry-after-ns";

}  // namespace

absl::Status WithRetryAfter(absl::Status status, Duration wait) {
  status.SetPayload(kRetryAfter, absl::Cord(std::to_string(wait.count())));
  return status;
}

std::optional<Duration> RetryAfter(const absl::Status& status) {
  const auto payload = status.GetPayload(kRetryAfter);
  if (!payload) return std::nullopt;
  const std::string text(*payload);
  Duration::rep count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return Duration(count);
}

}  // namespace rectifier
