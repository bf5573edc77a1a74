#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "server/core/mutex.h"
#include "server/service/inference.h"

namespace rectifier {

class InferStream;

// The streams that are open, so that a server that stops can end them.
//
// Threading: safe from any thread. Outlives its streams.
class InferStreams {
 public:
  ~InferStreams();

  // Every stream, also one that is opened later, takes no more requests, answers those that it has
  // and ends with UNAVAILABLE.
  void EndAll();

  int64_t open() const;  // how many there are

 private:
  friend class InferStream;

  mutable Mutex mutex_;
  bool ended_ RECTIFIER_GUARDED_BY(mutex_) = false;
  std::set<InferStream*> open_ RECTIFIER_GUARDED_BY(mutex_);
};

// One call of ModelStreamInfer. Its requests run side by side, and in batches with everybody's; the
// replies come in the order of the requests, one for each. What is wrong with a request is told in
// its reply, and the stream goes on.
//
// Backpressure: no more is read while kMaxInFlight requests are unanswered, or requests and replies
// of `max_held_bytes`; HTTP/2's flow control then holds the client.
//
// Threading: gRPC and the workers call it, from any thread.
// Ownership: its own; freed in OnDone().
class InferStream final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  static constexpr size_t kMaxInFlight = 64;

  // `collaborators` and `streams` outlive it.
  InferStream(const Inference::Collaborators& collaborators, InferStreams& streams,
              int64_t max_held_bytes, grpc::CallbackServerContext& context);

  // Takes no more requests; ends with `status` when the last of those that it has is answered.
  void End(const absl::Status& status) RECTIFIER_EXCLUDES(mutex_);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  class Exchange;

  // Takes every next step that can be taken: reads, writes, finishes.
  void Continue() RECTIFIER_REQUIRES(mutex_);
  void OnAnswered(Exchange& exchange, const grpc::ByteBuffer& answer) RECTIFIER_EXCLUDES(mutex_);

  const Inference::Collaborators with_;
  InferStreams& streams_;
  const int64_t max_held_bytes_;
  grpc::CallbackServerContext& context_;
  const std::shared_ptr<std::atomic<bool>> cancelled_;
  const std::string traceparent_;  // looked for only where there is an access log

  Mutex mutex_;
  std::deque<std::unique_ptr<Exchange>> exchanges_ RECTIFIER_GUARDED_BY(mutex_);  // unanswered
  int64_t held_bytes_ RECTIFIER_GUARDED_BY(mutex_) = 0;                           // of those
  std::optional<absl::Status> end_ RECTIFIER_GUARDED_BY(mutex_);  // no more is read once it is set
  bool reading_ RECTIFIER_GUARDED_BY(mutex_) = false;
  bool writing_ RECTIFIER_GUARDED_BY(mutex_) = false;  // the reply of the first exchange
  bool finished_ RECTIFIER_GUARDED_BY(mutex_) = false;
  grpc::ByteBuffer request_;  // gRPC's while it reads
};

}  // namespace rectifier
