#include "server/service/status_mapping.h"

#include <gtest/gtest.h>

#include <string>

#include "server/core/status.h"
#include "server/service/client_text.h"

namespace rectifier {
namespace {

TEST(StatusMappingTest, OkIsOk) { EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok()); }

TEST(StatusMappingTest, CodesThatAClientCanActOnKeepTheirNumberAndText) {
  for (const absl::StatusCode code :
       {absl::StatusCode::kCancelled, absl::StatusCode::kInvalidArgument,
        absl::StatusCode::kDeadlineExceeded, absl::StatusCode::kNotFound,
        absl::StatusCode::kPermissionDenied, absl::StatusCode::kResourceExhausted,
        absl::StatusCode::kFailedPrecondition, absl::StatusCode::kUnimplemented,
        absl::StatusCode::kUnavailable, absl::StatusCode::kUnauthenticated}) {
    const grpc::Status status = ToGrpcStatus(absl::Status(code, "input 'x': missing"));
    EXPECT_EQ(static_cast<int>(status.error_code()), static_cast<int>(code));
    EXPECT_EQ(status.error_message(), "input 'x': missing");
  }
}

TEST(StatusMappingTest, BugsAreToldAsInternalWithAnIdAndNothingElse) {
  for (const absl::StatusCode code :
       {absl::StatusCode::kInternal, absl::StatusCode::kUnknown, absl::StatusCode::kDataLoss,
        absl::StatusCode::kAborted, absl::StatusCode::kOutOfRange,
        absl::StatusCode::kAlreadyExists}) {
    const grpc::Status status = ToGrpcStatus(absl::Status(code, "/srv/models/secret at 0x7ffe"));
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
    EXPECT_TRUE(status.error_message().starts_with("internal error ")) << status.error_message();
    EXPECT_EQ(status.error_message().size(), std::string("internal error ").size() + 16);
  }
}

TEST(StatusMappingTest, InternalErrorsHaveDifferentIds) {
  EXPECT_NE(ToGrpcStatus(absl::InternalError("a")).error_message(),
            ToGrpcStatus(absl::InternalError("a")).error_message());
}

TEST(StatusMappingTest, LongTextIsCutToFitTheTrailers) {
  const grpc::Status status = ToGrpcStatus(absl::NotFoundError(std::string(100'000, 'x')));
  EXPECT_EQ(status.error_message().size(), 1024u);
}

TEST(ClientTextTest, IsCutAtACharacterNotWithinIt) {
  EXPECT_EQ(CutText("aé", 2), "a");
  EXPECT_EQ(CutText("aé", 3), "aé");
  EXPECT_EQ(ClientText("x"), "'x'");
  EXPECT_EQ(ClientText(std::string(65, 'x')), "'" + std::string(64, 'x') + "…'");
}

}  // namespace
}  // namespace rectifier
