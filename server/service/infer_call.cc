#include "server/service/infer_call.h"

#include <string>
#include <utility>

#include "server/core/check.h"
#include "server/core/status.h"
#include "server/service/call_deadline.h"
#include "server/service/status_mapping.h"

namespace rectifier {
namespace {

// How long a client that was refused should wait before it tries again; negative: it should not.
constexpr const char* kPushbackKey = "grpc-retry-pushback-ms";
constexpr const char* kNoRetry = "-1";

std::string Pushback(const absl::Status& refused) {
  const std::optional<Duration> wait = RetryAfter(refused);
  if (!wait) return kNoRetry;
  return std::to_string(std::chrono::ceil<std::chrono::milliseconds>(*wait).count());
}

}  // namespace

InferCall::InferCall(const Inference::Collaborators& collaborators,
                     grpc::CallbackServerContext& context, grpc::ByteBuffer& response)
    : clock_(collaborators.clock),
      context_(context),
      response_(response),
      cancelled_(std::make_shared<std::atomic<bool>>(false)),
      inference_(collaborators, *this) {
  handed_over_.store(true, std::memory_order_release);
}

void InferCall::Start(const grpc::ByteBuffer& request) {
  const TimePoint now = clock_.Now();
  inference_.Start(request, {now, CallDeadline(context_, now), cancelled_});
}

void InferCall::OnEnded(const absl::Status& status) {
  if (status.ok()) response_ = inference_.TakeReply();
  if (status.code() == absl::StatusCode::kResourceExhausted) {
    context_.AddTrailingMetadata(kPushbackKey, Pushback(status));
  }
  grpc::Status answer = ToGrpcStatus(status);
  handed_over_.store(true, std::memory_order_release);
  Finish(std::move(answer));
}

void InferCall::OnCancel() {
  RECTIFIER_CHECK(handed_over_.load(std::memory_order_acquire));
  cancelled_->store(true);
}

void InferCall::OnDone() {
  RECTIFIER_CHECK(handed_over_.load(std::memory_order_acquire));
  delete this;
}

}  // namespace rectifier
