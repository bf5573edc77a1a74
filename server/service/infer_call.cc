#include "server/service/infer_call.h"

#include <grpc/support/time.h>

#include <utility>

#include "server/core/check.h"
#include "server/core/status.h"
#include "server/service/unary.h"
#include "server/service/wire_messages.h"

namespace rectifier {
namespace {

// How long a client whose request found the queue full should wait before it tries again; negative:
// it should not.
constexpr const char* kPushbackKey = "grpc-retry-pushback-ms";
constexpr const char* kPushback = "100";
constexpr const char* kNoRetry = "-1";

// The call's deadline on the server's clock. The client's is a span of time on the wire, so
// nobody's wall clock has a part in it.
TimePoint Deadline(const grpc::CallbackServerContext& context, TimePoint now) {
  const gpr_timespec left =
      gpr_time_sub(gpr_convert_clock_type(context.raw_deadline(), GPR_CLOCK_MONOTONIC),
                   gpr_now(GPR_CLOCK_MONOTONIC));
  constexpr std::chrono::hours kForever{24 * 365};
  const std::chrono::seconds seconds(left.tv_sec);
  if (seconds > kForever) return TimePoint::max();
  if (left.tv_sec < 0) return now;
  return now + seconds + std::chrono::nanoseconds(left.tv_nsec);
}

}  // namespace

InferCall::InferCall(const Collaborators& collaborators, grpc::CallbackServerContext& context,
                     grpc::ByteBuffer& response)
    : with_(collaborators),
      context_(context),
      response_(response),
      received_(collaborators.clock.Now()),
      cancelled_(std::make_shared<std::atomic<bool>>(false)) {
  handed_over_.store(true, std::memory_order_release);
}

void InferCall::Start(const grpc::ByteBuffer& request) {
  absl::StatusOr<InferenceRequest> prepared = Prepare(request);
  if (!prepared.ok()) {
    ForbidRetry(prepared.status());
    return End(prepared.status(), nullptr);
  }
  // The call may be over, and freed, before Submit() has returned.
  const std::shared_ptr<Servable> servable = servable_;
  const absl::Status submitted = servable->Submit(*std::move(prepared));
  if (submitted.ok()) return;
  if (submitted.code() == absl::StatusCode::kResourceExhausted) {
    context_.AddTrailingMetadata(kPushbackKey, kPushback);
  }
  End(submitted, nullptr);
}

absl::StatusOr<InferenceRequest> InferCall::Prepare(const grpc::ByteBuffer& request) {
  RECTIFIER_RETURN_IF_ERROR(ParseRequest(request, kModelInferWire, message_));
  RECTIFIER_ASSIGN_OR_RETURN(
      version_, with_.registry.Lookup(message_.model_name(), message_.model_version()));
  with_.observer.OnStarted(version_->name, version_->version);
  RECTIFIER_ASSIGN_OR_RETURN(servable_, ModelRegistry::ServableOf(*version_));
  const ModelSignature& signature = servable_->signature();
  RECTIFIER_ASSIGN_OR_RETURN(decoded_, DecodeRequest(message_, signature));
  id_ = std::move(*message_.mutable_id());
  // What typed contents held is converted; clearing fields would keep their memory.
  if (!decoded_.raw) inference::ModelInferRequest().Swap(&message_);
  std::vector<Shape> shapes;
  for (const TensorView& input : decoded_.inputs) shapes.push_back(input.type.shape);
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<TensorType> outputs,
                             servable_->OutputTypes(decoded_.samples, shapes));
  RECTIFIER_ASSIGN_OR_RETURN(reply_,
                             Reply::Allocate(signature, decoded_, outputs, with_.max_reply_bytes));
  InferenceRequest prepared;
  prepared.samples = decoded_.samples;
  prepared.inputs = std::move(decoded_.inputs);
  prepared.outputs = reply_->outputs();
  prepared.deadline = Deadline(context_, received_);
  prepared.cancelled = [cancelled = cancelled_] { return cancelled->load(); };
  prepared.done = [this](const absl::Status& status, const InferenceTimes& times) {
    const bool run = times.batch > 0;
    End(status, run ? &times : nullptr);
  };
  return prepared;
}

void InferCall::ForbidRetry(const absl::Status& status) {
  if (status.code() == absl::StatusCode::kResourceExhausted) {
    context_.AddTrailingMetadata(kPushbackKey, kNoRetry);
  }
}

absl::Status InferCall::Encode() {
  inference::ModelInferResponse header;
  header.set_model_name(servable_->name());
  header.set_model_version(servable_->version());
  header.set_id(std::move(id_));
  RECTIFIER_ASSIGN_OR_RETURN(response_, (*std::move(reply_)).Encode(std::move(header)));
  return absl::OkStatus();
}

void InferCall::End(const absl::Status& outcome, const InferenceTimes* times) {
  const absl::Status status = outcome.ok() ? Encode() : outcome;
  if (outcome.ok()) ForbidRetry(status);
  if (version_) {
    with_.observer.OnFinished(version_->name, version_->version, status.code(),
                              with_.clock.Now() - received_, times);
  } else {
    with_.observer.OnRejected(status.code());
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
