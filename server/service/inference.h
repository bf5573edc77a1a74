#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "proto/inference.pb.h"
#include "server/core/clock.h"
#include "server/models/registry.h"
#include "server/service/access_log.h"
#include "server/service/byte_budget.h"
#include "server/service/codec.h"
#include "server/service/received_bytes.h"
#include "server/service/request_observer.h"

namespace rectifier {

// An Inference takes one request from its bytes to the bytes of its reply. A call of ModelInfer has
// one; a stream has one for each of its messages.
//
// Threading: Start() is called once. It queues the request, and who runs it ends it; the owner
// hears of that once, on any thread, perhaps before Start() has returned.
// Lifetime: the owner may free it from OnEnded() on: nothing touches it afterwards. Its reply
// counts against the budget until gRPC has sent it.
class Inference {
 public:
  struct Collaborators {
    const ModelRegistry& registry;
    RequestObserver& observer;
    const Clock& clock;
    ByteBudget& reply_budget;
    int64_t max_reply_bytes = 0;      // of one
    ByteBudget& slice_budget;         // what requests may keep of gRPC's memory
    AccessLog* access_log = nullptr;  // null: none
  };

  class Owner {
   public:
    virtual ~Owner() = default;
    // OK: there is a reply.
    virtual void OnEnded(const absl::Status& status) = 0;
    // What the call says of the trace that it is part of, as ParseTraceparent() takes it; empty:
    // nothing. Asked before OnEnded(), on the same thread, if at all.
    virtual std::string_view Traceparent() const = 0;
  };

  // What the call that a request came with says of it.
  struct Call {
    TimePoint received;
    TimePoint deadline;               // the request's own `timeout` may be earlier
    std::function<bool()> cancelled;  // whether the client has gone; asked until OnEnded()
    bool streamed = false;            // its reply says that no other follows it
    bool gathered = false;            // as InferenceRequest's
  };

  Inference(const Collaborators& collaborators, Owner& owner);
  Inference(const Inference&) = delete;
  Inference& operator=(const Inference&) = delete;

  void Start(const grpc::ByteBuffer& request, Call call);

  // After OnEnded(OK).
  const grpc::ByteBuffer& reply() const { return encoded_; }

  // As the request gave them, once it could be read.
  const std::string& id() const { return id_; }
  const std::string& model_name() const { return model_name_; }
  const std::string& model_version() const { return model_version_; }

 private:
  // What is to be submitted to `servable_`.
  absl::StatusOr<InferenceRequest> Prepare(const grpc::ByteBuffer& request);
  // RESOURCE_EXHAUSTED when the budget has no room for the reply.
  absl::Status ReserveReply(const std::vector<TensorType>& outputs);
  absl::Status Encode();
  void End(const absl::Status& outcome, const InferenceTimes* times);
  void LogAccess(const absl::Status& status, TimePoint now, const InferenceTimes* times);

  const Collaborators with_;
  Owner& owner_;
  Call call_;
  int64_t request_bytes_ = 0;

  ReceivedBytes received_;  // for as long as the inputs are in it
  std::string id_;
  std::string model_name_;
  std::string model_version_;
  std::optional<ModelVersion> version_;  // once it is known
  std::shared_ptr<Servable> servable_;   // keeps the version until this is freed
  DecodedRequest decoded_;
  ByteBudget::Share reserved_;
  std::optional<Reply> reply_;
  grpc::ByteBuffer encoded_;
};

}  // namespace rectifier
