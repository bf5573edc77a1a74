#include "server/service/infer_call.h"

#include <string>
#include <utility>

#include "server/core/status.h"
#include "server/service/call_deadline.h"
#include "server/service/status_mapping.h"
#include "server/service/trace_context.h"

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

// Frees itself when the call is finished.
class InferCall final : private Inference::Owner {
 public:
  InferCall(const Inference::Collaborators& collaborators, grpc::CallbackServerContext& context,
            grpc::ServerUnaryReactor& reactor, grpc::ByteBuffer& response)
      : context_(context),
        reactor_(reactor),
        response_(response),
        inference_(collaborators, *this) {}

  void Start(const grpc::ByteBuffer& request, TimePoint now) {
    // The context is there until the call is finished, and asked no later than that.
    inference_.Start(request,
                     {.received = now,
                      .deadline = CallDeadline(context_, now),
                      .cancelled = [&context = context_] { return context.IsCancelled(); }});
  }

 private:
  void OnEnded(const absl::Status& status) override {
    if (status.ok()) response_ = inference_.reply();
    if (status.code() == absl::StatusCode::kResourceExhausted) {
      context_.AddTrailingMetadata(kPushbackKey, Pushback(status));
    }
    reactor_.Finish(ToGrpcStatus(status));
    delete this;
  }
  std::string_view Traceparent() const override { return TraceparentOf(context_); }

  grpc::CallbackServerContext& context_;
  grpc::ServerUnaryReactor& reactor_;
  grpc::ByteBuffer& response_;
  Inference inference_;
};

}  // namespace

grpc::ServerUnaryReactor* StartInferCall(const Inference::Collaborators& collaborators,
                                         grpc::CallbackServerContext& context,
                                         const grpc::ByteBuffer& request,
                                         grpc::ByteBuffer& response) {
  grpc::ServerUnaryReactor* reactor = context.DefaultReactor();
  auto* call = new InferCall(collaborators, context, *reactor, response);
  call->Start(request, collaborators.clock.Now());
  return reactor;
}

}  // namespace rectifier
