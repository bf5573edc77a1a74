#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <memory>

#include "server/service/inference.h"

namespace rectifier {

// One call of ModelInfer.
//
// Threading: Start() is called once, by gRPC; OnCancel() may come at any time, from any thread.
// Ownership: its own. gRPC calls OnDone() after Finish(), and then it is freed; so nothing touches
// the call once it may have been finished.
class InferCall final : public grpc::ServerUnaryReactor, private Inference::Owner {
 public:
  InferCall(const Inference::Collaborators& collaborators, grpc::CallbackServerContext& context,
            grpc::ByteBuffer& response);

  // Checks the request and queues it, or finishes the call with what is wrong.
  void Start(const grpc::ByteBuffer& request);

  void OnCancel() override;
  void OnDone() override;

 private:
  void OnEnded(const absl::Status& status) override;

  const Clock& clock_;
  grpc::CallbackServerContext& context_;
  grpc::ByteBuffer& response_;
  const std::shared_ptr<std::atomic<bool>> cancelled_;
  Inference inference_;

  // Set whenever the call leaves a thread, read where gRPC takes it up again on another. gRPC's own
  // locks order these too, but ThreadSanitizer sees nothing of a library that is not built for it.
  std::atomic<bool> handed_over_ = false;
};

}  // namespace rectifier
