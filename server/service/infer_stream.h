#pragma once

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/async_stream.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "server/core/mutex.h"
#include "server/service/event_loop.h"
#include "server/service/inference.h"
#include "server/service/server_call.h"

namespace rectifier {

class InferStream;

// The calls of ModelStreamInfer, so that a server that stops can end them.
//
// Threading: safe from any thread. Outlives its streams.
class InferStreams {
 public:
  using Stream = grpc::ServerAsyncReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>;

  struct Options {
    // Asks gRPC for the next call.
    std::function<void(grpc::ServerContext* context, Stream* stream, grpc::CompletionQueue* queue,
                       grpc::ServerCompletionQueue* notification_queue, void* tag)>
        accept;
    const Inference::Collaborators& collaborators;  // outlive the streams
    int64_t max_held_bytes;                         // see InferStream
  };

  explicit InferStreams(Options options) : options_(std::move(options)) {}
  ~InferStreams();

  // Takes calls from now on, until the server stops.
  void TakeCalls(EventLoop& loop);

  // Every stream, also one that is opened later, takes no more requests, answers those that it has
  // and ends with UNAVAILABLE.
  void EndAll();

  int64_t open() const;  // how many there are

 private:
  friend class InferStream;

  const Options options_;
  mutable Mutex mutex_;
  bool ended_ RECTIFIER_GUARDED_BY(mutex_) = false;
  std::set<InferStream*> open_ RECTIFIER_GUARDED_BY(mutex_);
};

// One call of ModelStreamInfer. Its requests run side by side, and in batches with everybody's; the
// replies come in the order of the requests, one for each. What is wrong with a request is told in
// its reply, and the stream goes on.
//
// Backpressure: no more is read while kMaxInFlight replies are not sent yet, or requests and
// replies of `max_held_bytes`; HTTP/2's flow control then holds the client.
//
// Threading: the loop and the workers call it, from any thread.
// Ownership: as ServerCall.
class InferStream final : public ServerCall {
 public:
  static constexpr size_t kMaxInFlight = 64;

  InferStream(EventLoop& loop, InferStreams& streams);

  // Takes no more requests; ends with `status` when the last of those that it has is answered.
  void End(const absl::Status& status) RECTIFIER_EXCLUDES(mutex_);

 private:
  class Exchange;

  void AcceptNext() override;
  void OnStarted() override;
  void OnReadDone(bool ok);
  void OnWriteDone(bool ok);
  void OnCancel() override;
  void OnDone() override;

  // Takes every next step that can be taken: reads, writes, finishes.
  void Continue() RECTIFIER_REQUIRES(mutex_);
  void OnAnswered(Exchange& exchange, const grpc::ByteBuffer& answer) RECTIFIER_EXCLUDES(mutex_);

  InferStreams& streams_;
  const Inference::Collaborators& with_;
  InferStreams::Stream stream_{&context()};
  Step<InferStream, &InferStream::OnReadDone> read_{*this};
  Step<InferStream, &InferStream::OnWriteDone> written_{*this};
  std::string traceparent_;  // looked for only where there is an access log

  Mutex mutex_;
  std::deque<std::unique_ptr<Exchange>> exchanges_ RECTIFIER_GUARDED_BY(mutex_);  // not yet sent
  int64_t held_bytes_ RECTIFIER_GUARDED_BY(mutex_) = 0;                           // of those
  std::optional<absl::Status> end_ RECTIFIER_GUARDED_BY(mutex_);  // no more is read once it is set
  bool reading_ RECTIFIER_GUARDED_BY(mutex_) = false;
  bool writing_ RECTIFIER_GUARDED_BY(mutex_) = false;  // the reply of the first exchange
  bool finished_ RECTIFIER_GUARDED_BY(mutex_) = false;
  grpc::ByteBuffer request_;  // gRPC's while it reads
};

}  // namespace rectifier
