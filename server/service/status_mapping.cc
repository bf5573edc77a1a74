#include "server/service/status_mapping.h"

#include <algorithm>
#include <array>
#include <random>
#include <string>

#include "server/core/log.h"
#include "server/core/status.h"
#include "server/service/client_text.h"

namespace rectifier {
namespace {

// Clients accept 8 KiB of trailers; percent-encoding may triple a byte.
constexpr size_t kMaxMessageBytes = 1024;

struct CodeRow {
  absl::StatusCode from;
  grpc::StatusCode to;
};

constexpr std::array kTold = {
    CodeRow{absl::StatusCode::kCancelled, grpc::StatusCode::CANCELLED},
    CodeRow{absl::StatusCode::kInvalidArgument, grpc::StatusCode::INVALID_ARGUMENT},
    CodeRow{absl::StatusCode::kDeadlineExceeded, grpc::StatusCode::DEADLINE_EXCEEDED},
    CodeRow{absl::StatusCode::kNotFound, grpc::StatusCode::NOT_FOUND},
    CodeRow{absl::StatusCode::kPermissionDenied, grpc::StatusCode::PERMISSION_DENIED},
    CodeRow{absl::StatusCode::kResourceExhausted, grpc::StatusCode::RESOURCE_EXHAUSTED},
    CodeRow{absl::StatusCode::kFailedPrecondition, grpc::StatusCode::FAILED_PRECONDITION},
    CodeRow{absl::StatusCode::kUnimplemented, grpc::StatusCode::UNIMPLEMENTED},
    CodeRow{absl::StatusCode::kUnavailable, grpc::StatusCode::UNAVAILABLE},
    CodeRow{absl::StatusCode::kUnauthenticated, grpc::StatusCode::UNAUTHENTICATED},
};

grpc::Status InternalError(const absl::Status& status) {
  std::random_device random;
  const std::string id = fmt::format("{:08x}{:08x}", random(), random());
  log::Error(
      "internal error",
      {{"id", id}, {"code", absl::StatusCodeToString(status.code())}, {"error", Message(status)}});
  return {grpc::StatusCode::INTERNAL, fmt::format("internal error {}", id)};
}

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const auto* row = std::find_if(kTold.begin(), kTold.end(),
                                 [&](const CodeRow& r) { return r.from == status.code(); });
  if (row == kTold.end()) return InternalError(status);
  return {row->to, std::string(CutText(Message(status), kMaxMessageBytes))};
}

}  // namespace rectifier
