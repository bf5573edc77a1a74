#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "proto/inference.pb.h"
#include "server/core/clock.h"
#include "server/models/registry.h"
#include "server/service/codec.h"
#include "server/service/request_observer.h"

namespace rectifier {

// One call of ModelInfer, from its bytes to its reply.
//
// Threading: Start() is called once, by gRPC. Submit() passes the call to a worker, which ends it;
// OnCancel() may come at any time, from any thread.
// Ownership: its own. gRPC calls OnDone() after Finish(), and then it is freed; so nothing touches
// the call once it may have been finished.
class InferCall final : public grpc::ServerUnaryReactor {
 public:
  struct Collaborators {
    const ModelRegistry& registry;
    RequestObserver& observer;
    const Clock& clock;
    int64_t max_reply_bytes;
  };

  InferCall(const Collaborators& collaborators, grpc::CallbackServerContext& context,
            grpc::ByteBuffer& response);

  // Checks the request and queues it, or finishes the call with what is wrong.
  void Start(const grpc::ByteBuffer& request);

  void OnCancel() override;
  void OnDone() override;

 private:
  // What is to be submitted to `servable_`.
  absl::StatusOr<InferenceRequest> Prepare(const grpc::ByteBuffer& request);
  // Writes the reply.
  absl::Status Encode();
  // A reply that is too large will be so again.
  void ForbidRetry(const absl::Status& status);
  // Ends the call; `this` may be gone when it returns.
  void End(const absl::Status& outcome, const InferenceTimes* times);

  const Collaborators with_;
  grpc::CallbackServerContext& context_;
  grpc::ByteBuffer& response_;
  const TimePoint received_;
  // Shared with the request that is queued, which may outlive the call by a moment.
  const std::shared_ptr<std::atomic<bool>> cancelled_;

  inference::ModelInferRequest message_;  // for as long as the inputs are in it
  std::string id_;
  std::optional<ModelVersion> version_;  // once it is known
  std::shared_ptr<Servable> servable_;   // keeps the version until the call is done
  DecodedRequest decoded_;
  std::optional<Reply> reply_;

  // Set whenever the call leaves a thread, read where gRPC takes it up again on another. gRPC's own
  // locks order these too, but ThreadSanitizer sees nothing of a library that is not built for it.
  std::atomic<bool> handed_over_ = false;
};

}  // namespace rectifier
