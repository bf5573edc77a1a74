#include "server/service/inference.h"

#include <algorithm>
#include <utility>

#include "server/core/status.h"
#include "server/service/reserved_parameters.h"
#include "server/service/wire_messages.h"

namespace rectifier {
namespace {

// The protocol's clients look for it in what a stream brings; here each request has one reply.
constexpr const char* kFinalResponse = "triton_final_response";

// What waits for the budget waits for others to read; about a round trip's time will do.
constexpr Duration kBudgetPushback = std::chrono::milliseconds(100);

}  // namespace

Inference::Inference(const Collaborators& collaborators, Owner& owner)
    : with_(collaborators), owner_(owner) {}

void Inference::Start(const grpc::ByteBuffer& request, Call call) {
  call_ = std::move(call);
  request_bytes_ = static_cast<int64_t>(request.Length());
  absl::StatusOr<InferenceRequest> prepared = Prepare(request);
  if (!prepared.ok()) return End(prepared.status(), nullptr);
  // The owner may have freed this before Submit() has returned.
  const std::shared_ptr<Servable> servable = servable_;
  const absl::Status submitted = servable->Submit(*std::move(prepared));
  if (!submitted.ok()) End(submitted, nullptr);
}

absl::StatusOr<InferenceRequest> Inference::Prepare(const grpc::ByteBuffer& request) {
  RECTIFIER_ASSIGN_OR_RETURN(
      received_, ReceivedBytes::Take(request, kModelInferWire.name, with_.slice_budget));
  ParsedRequest parsed;
  RECTIFIER_RETURN_IF_ERROR(parsed.Parse(received_.bytes()));
  id_ = parsed.header().id();
  model_name_ = parsed.header().model_name();
  model_version_ = parsed.header().model_version();
  RECTIFIER_ASSIGN_OR_RETURN(version_, with_.registry.Lookup(model_name_, model_version_));
  if (version_->observer != nullptr) version_->observer->OnStarted();
  RECTIFIER_ASSIGN_OR_RETURN(servable_, ModelRegistry::ServableOf(*version_));
  const ModelSignature& signature = servable_->signature();
  RECTIFIER_ASSIGN_OR_RETURN(const ReservedParameters reserved,
                             ReadReservedParameters(parsed.header().parameters()));
  RECTIFIER_ASSIGN_OR_RETURN(decoded_, DecodeRequest(parsed, signature));
  if (!decoded_.raw) received_.Release();  // typed contents are converted
  std::vector<Shape> shapes;
  for (const ScatteredTensor& input : decoded_.inputs) shapes.push_back(input.type.shape);
  RECTIFIER_ASSIGN_OR_RETURN(std::vector<TensorType> outputs,
                             servable_->OutputTypes(decoded_.samples, shapes));
  RECTIFIER_RETURN_IF_ERROR(ReserveReply(outputs));
  RECTIFIER_ASSIGN_OR_RETURN(
      reply_, Reply::Allocate(signature, decoded_, std::move(outputs), with_.max_reply_bytes));
  InferenceRequest prepared;
  prepared.samples = decoded_.samples;
  prepared.inputs = std::move(decoded_.inputs);
  prepared.outputs = reply_->outputs();
  prepared.priority = reserved.priority;
  prepared.deadline = call_.deadline;
  if (reserved.timeout) {
    prepared.deadline = std::min(prepared.deadline, call_.received + *reserved.timeout);
  }
  prepared.cancelled = std::move(call_.cancelled);
  prepared.gathered = call_.gathered;
  prepared.done = [this](const absl::Status& status, const InferenceTimes& times) {
    const bool run = times.batch > 0;
    End(status, run ? &times : nullptr);
  };
  return prepared;
}

absl::Status Inference::ReserveReply(const std::vector<TensorType>& outputs) {
  int64_t bytes = 0;
  for (const size_t i : decoded_.outputs) {
    const absl::StatusOr<int64_t> size = CheckedByteSize(outputs[i]);
    // Allocate() refuses these, and names the output.
    if (!size.ok() || __builtin_add_overflow(bytes, *size, &bytes)) return absl::OkStatus();
  }
  if (bytes > with_.max_reply_bytes) return absl::OkStatus();
  std::optional<ByteBudget::Share> share = with_.reply_budget.Take(bytes);
  if (!share) {
    return WithRetryAfter(
        ResourceExhausted("replies", "{} bytes wait to be sent, {} more do not fit into {}",
                          with_.reply_budget.used(), bytes, with_.reply_budget.bytes()),
        kBudgetPushback);
  }
  reserved_ = *std::move(share);
  return absl::OkStatus();
}

absl::Status Inference::Encode() {
  inference::ModelInferResponse header;
  header.set_model_name(servable_->name());
  header.set_model_version(servable_->version());
  header.set_id(id_);
  if (call_.streamed) {
    inference::InferParameter last;
    last.set_bool_param(true);
    header.mutable_parameters()->insert({kFinalResponse, last});
  }
  RECTIFIER_ASSIGN_OR_RETURN(encoded_, (*std::move(reply_)).Encode(header, std::move(reserved_)));
  return absl::OkStatus();
}

void Inference::End(const absl::Status& outcome, const InferenceTimes* times) {
  const absl::Status status = outcome.ok() ? Encode() : outcome;
  received_.Release();  // a stream has this for as long as the reply is not sent
  const TimePoint now = with_.clock.Now();
  if (!version_) {
    with_.observer.OnRejected(status.code());
  } else if (version_->observer != nullptr) {
    version_->observer->OnFinished(status.code(), now - call_.received, times);
  }
  if (with_.access_log != nullptr && with_.access_log->Considers(status.code())) {
    LogAccess(status, now, times);
  }
  owner_.OnEnded(status);
}

void Inference::LogAccess(const absl::Status& status, TimePoint now, const InferenceTimes* times) {
  AccessRecord record;
  record.id = id_;
  record.model = version_ ? version_->name : model_name_;
  record.version = version_ ? version_->version : model_version_;
  record.status = &status;
  record.samples = decoded_.outputs.empty() ? 0 : decoded_.samples;
  record.request_bytes = request_bytes_;
  record.reply_bytes = status.ok() ? static_cast<int64_t>(encoded_.Length()) : 0;
  record.total = now - call_.received;
  record.times = times;
  with_.access_log->Record(record, now, [this] { return owner_.Traceparent(); });
}

}  // namespace rectifier
