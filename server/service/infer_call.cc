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

// Calls that wait for clients: those that come together need not wait for one another.
constexpr int kWaiting = 64;

std::string Pushback(const absl::Status& refused) {
  const std::optional<Duration> wait = RetryAfter(refused);
  if (!wait) return kNoRetry;
  return std::to_string(std::chrono::ceil<std::chrono::milliseconds>(*wait).count());
}

class InferCall final : public UnaryCall, private Inference::Owner {
 public:
  InferCall(EventLoop& loop, const AcceptUnary& accept,
            const Inference::Collaborators& collaborators)
      : UnaryCall(loop),
        accept_(accept),
        collaborators_(collaborators),
        inference_(collaborators, *this) {
    Accept(accept_);
  }

 private:
  void AcceptNext() override { new InferCall(loop(), accept_, collaborators_); }
  void OnStarted() override {
    const TimePoint now = collaborators_.clock.Now();
    inference_.Start(request(), {.received = now,
                                 .deadline = CallDeadline(context(), now),
                                 .cancelled = [this] { return cancelled(); },
                                 .gathered = loop().gathers()});
    loop().Gathered();
  }
  void OnEnded(const absl::Status& status) override {
    if (status.ok()) return Finish(inference_.reply());
    if (status.code() == absl::StatusCode::kResourceExhausted) {
      context().AddTrailingMetadata(kPushbackKey, Pushback(status));
    }
    FinishWithError(ToGrpcStatus(status));
  }
  std::string_view Traceparent() const override { return TraceparentOf(context()); }

  const AcceptUnary& accept_;
  const Inference::Collaborators& collaborators_;
  Inference inference_;
};

}  // namespace

void TakeInferCalls(EventLoop& loop, const AcceptUnary& accept,
                    const Inference::Collaborators& collaborators) {
  for (int i = 0; i < kWaiting; ++i) new InferCall(loop, accept, collaborators);
}

}  // namespace rectifier
