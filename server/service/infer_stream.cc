#include "server/service/infer_stream.h"

#include <utility>
#include <vector>

#include "server/core/check.h"
#include "server/service/call_deadline.h"
#include "server/service/status_mapping.h"
#include "server/service/trace_context.h"
#include "server/service/unary.h"
#include "server/service/wire_encoding.h"

namespace rectifier {
namespace {

absl::Status ShuttingDown() { return absl::UnavailableError("the server is shutting down"); }

// The message of a stream that holds `reply`, which is not copied.
grpc::ByteBuffer AsInferResponse(const grpc::ByteBuffer& reply) {
  std::vector<grpc::Slice> slices;
  if (!reply.Dump(&slices).ok()) return {};
  std::string prefix;
  AppendLengthPrefix(inference::ModelStreamInferResponse::kInferResponseFieldNumber, reply.Length(),
                     prefix);
  slices.insert(slices.begin(), grpc::Slice(prefix));
  return {slices.data(), slices.size()};
}

// A refusal names the request that it is for, as far as that could be read.
grpc::ByteBuffer AsErrorMessage(const absl::Status& status, const Inference& inference) {
  inference::ModelStreamInferResponse response;
  response.set_error_message(ToGrpcStatus(status).error_message());
  inference::ModelInferResponse& about = *response.mutable_infer_response();
  about.set_id(inference.id());
  about.set_model_name(inference.model_name());
  about.set_model_version(inference.model_version());
  return SerializeReply(response);
}

}  // namespace

InferStreams::~InferStreams() {
  MutexLock lock(mutex_);
  RECTIFIER_CHECK(open_.empty());
}

void InferStreams::EndAll() {
  MutexLock lock(mutex_);
  ended_ = true;
  for (InferStream* stream : open_) stream->End(ShuttingDown());
}

void InferStreams::TakeCalls(EventLoop& loop) { new InferStream(loop, *this); }

int64_t InferStreams::open() const {
  MutexLock lock(mutex_);
  return static_cast<int64_t>(open_.size());
}

// One request of the stream and its reply.
class InferStream::Exchange final : private Inference::Owner {
 public:
  Exchange(InferStream& stream, const Inference::Collaborators& with)
      : stream_(stream), inference_(with, *this) {}

  void Start(const grpc::ByteBuffer& request, Inference::Call call) {
    inference_.Start(request, std::move(call));
  }

  // The stream's, under its lock.
  int64_t held_bytes = 0;
  std::optional<grpc::ByteBuffer> answer;  // once there is one

 private:
  void OnEnded(const absl::Status& status) override {
    stream_.OnAnswered(*this, status.ok() ? AsInferResponse(inference_.reply())
                                          : AsErrorMessage(status, inference_));
  }
  std::string_view Traceparent() const override { return stream_.traceparent_; }

  InferStream& stream_;
  Inference inference_;
};

InferStream::InferStream(EventLoop& loop, InferStreams& streams)
    : ServerCall(loop), streams_(streams), with_(streams.options_.collaborators) {
  streams_.options_.accept(&context(), &stream_, &loop.queue(), &loop.queue(), accepted());
}

void InferStream::AcceptNext() { new InferStream(loop(), streams_); }

void InferStream::OnStarted() {
  if (with_.access_log != nullptr) traceparent_ = TraceparentOf(context());
  bool ended = false;
  {
    MutexLock lock(streams_.mutex_);
    ended = streams_.ended_;
    streams_.open_.insert(this);
  }
  MutexLock lock(mutex_);
  if (ended) end_ = ShuttingDown();
  Continue();
}

void InferStream::End(const absl::Status& status) {
  MutexLock lock(mutex_);
  if (!end_) end_ = status;
  Continue();
}

void InferStream::Continue() {
  if (finished_) return;
  const bool room =
      exchanges_.size() < kMaxInFlight && held_bytes_ < streams_.options_.max_held_bytes;
  if (!end_ && !reading_ && room) {
    reading_ = true;
    stream_.Read(&request_, read_.Begin());
  }
  if (!writing_ && !exchanges_.empty() && exchanges_.front()->answer) {
    writing_ = true;
    stream_.Write(*exchanges_.front()->answer, written_.Begin());
  }
  // A read that is under way ends with the call, or brings what is not taken any more.
  if (end_ && exchanges_.empty()) {
    finished_ = true;
    stream_.Finish(ToGrpcStatus(*end_), finished());
  }
}

void InferStream::OnReadDone(bool ok) {
  if (!ok) {
    // The client has no more requests; or it has gone, which OnCancel() tells.
    MutexLock lock(mutex_);
    reading_ = false;
    if (!end_) end_ = absl::OkStatus();
    return Continue();
  }
  auto owned = std::make_unique<Exchange>(*this, with_);
  Exchange& exchange = *owned;
  {
    MutexLock lock(mutex_);
    if (end_) {
      // It came while the stream was ended, which may be finished by now and wait for this only.
      reading_ = false;
      request_.Clear();
      return Continue();
    }
    exchange.held_bytes = static_cast<int64_t>(request_.Length());
    held_bytes_ += exchange.held_bytes;
    exchanges_.push_back(std::move(owned));
  }
  const TimePoint now = with_.clock.Now();
  exchange.Start(request_, {.received = now,
                            .deadline = CallDeadline(context(), now),
                            .cancelled = [this] { return cancelled(); },
                            .streamed = true,
                            .gathered = loop().gathers()});
  loop().Gathered();
  request_.Clear();
  MutexLock lock(mutex_);
  reading_ = false;
  Continue();
}

void InferStream::OnAnswered(Exchange& exchange, const grpc::ByteBuffer& answer) {
  MutexLock lock(mutex_);
  const auto length = static_cast<int64_t>(answer.Length());
  held_bytes_ += length - exchange.held_bytes;
  exchange.held_bytes = length;
  exchange.answer = answer;
  Continue();
}

void InferStream::OnWriteDone(bool ok) {
  std::unique_ptr<Exchange> written;  // freed after the lock
  MutexLock lock(mutex_);
  writing_ = false;
  written = std::move(exchanges_.front());
  exchanges_.pop_front();
  held_bytes_ -= written->held_bytes;
  if (!ok && !end_) end_ = absl::CancelledError("the stream is broken");
  Continue();
}

void InferStream::OnCancel() { End(absl::CancelledError("cancelled by the client")); }

void InferStream::OnDone() {
  {
    MutexLock lock(streams_.mutex_);
    streams_.open_.erase(this);
  }
  // Whoever finished the stream may not have left it yet.
  MutexLock lock(mutex_);
}

}  // namespace rectifier
