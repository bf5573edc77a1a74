#include "server/core/status.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/support/status_testing.h"

namespace rectifier {
namespace {

TEST(StatusTest, MessagesNameThePlaceFirst) {
  EXPECT_EQ(StatusText(InvalidArgument("conv_3 (Conv)", "expected rank {}, got {}", 4, 2)),
            "INVALID_ARGUMENT: conv_3 (Conv): expected rank 4, got 2");
}

TEST(StatusTest, EachFunctionGivesItsCode) {
  EXPECT_EQ(FailedPrecondition("a", "b").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(NotFound("a", "b").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ResourceExhausted("a", "b").code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Unimplemented("a", "b").code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(Internal("a", "b").code(), absl::StatusCode::kInternal);
}

TEST(StatusTest, BracesInThePlaceAreNotAFormat) {
  EXPECT_EQ(Message(InvalidArgument("{} {0} %s", "wrong")), "{} {0} %s: wrong");
}

TEST(StatusTest, AtPutsAPlaceBeforeAnErrorAndLeavesOkAlone) {
  EXPECT_EQ(StatusText(At("model.onnx", NotFound("x", "is missing"))),
            "NOT_FOUND: model.onnx: x: is missing");
  EXPECT_TRUE(At("model.onnx", absl::OkStatus()).ok());
}

absl::StatusOr<std::unique_ptr<int>> MakeOrFail(bool fail) {
  if (fail) return Internal("make", "failed");
  return std::make_unique<int>(7);
}

absl::StatusOr<int> ReadTwice(bool fail) {
  RECTIFIER_ASSIGN_OR_RETURN(const std::unique_ptr<int> first, MakeOrFail(false));
  RECTIFIER_ASSIGN_OR_RETURN(auto second, MakeOrFail(fail));
  return *first + *second;
}

TEST(StatusMacrosTest, AssignOrReturnMovesTheValueOutOrReturnsTheError) {
  EXPECT_EQ(*ReadTwice(false), 14);
  EXPECT_EQ(StatusText(ReadTwice(true)), "INTERNAL: make: failed");
}

absl::Status CountUntilError(const absl::Status& status, int* reached) {
  RECTIFIER_RETURN_IF_ERROR(status);
  ++*reached;
  return absl::OkStatus();
}

TEST(StatusMacrosTest, ReturnIfErrorGoesOnOnlyAfterOk) {
  int reached = 0;
  EXPECT_TRUE(CountUntilError(absl::OkStatus(), &reached).ok());
  EXPECT_FALSE(CountUntilError(Internal("a", "b"), &reached).ok());
  EXPECT_EQ(reached, 1);
}

TEST(StatusTest, KeepsTheAdviceWhenToTryAgain) {
  const absl::Status refused = absl::ResourceExhaustedError("full");
  EXPECT_EQ(RetryAfter(refused), std::nullopt);
  EXPECT_EQ(RetryAfter(WithRetryAfter(refused, std::chrono::microseconds(1500))),
            std::chrono::microseconds(1500));
}

}  // namespace
}  // namespace rectifier
