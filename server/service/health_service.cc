#include "server/service/health_service.h"

#include <optional>
#include <utility>

#include "server/core/check.h"
#include "server/core/status.h"
#include "server/service/client_text.h"
#include "server/service/unary.h"
#include "server/service/wire_messages.h"

namespace rectifier {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

// One Watch stream: at most one message is on its way, and the newest status follows it.
//
// Threading: the service's mutex guards everything, and is held by whoever calls Notify() or End();
// gRPC never calls back from within StartWrite() or Finish(). (Clang's analysis cannot tell that a
// watcher's service is the one that holds it.) Ownership: its own, freed in OnDone().
class HealthService::Watcher final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  Watcher(HealthService& service, std::string name) : service_(service), name_(std::move(name)) {}

  const std::string& name() const { return name_; }

  void Notify(ServingStatus status) {
    wanted_ = status;
    Continue();
  }

  void End(const absl::Status& status) {
    if (!end_) end_ = status;
    Continue();
  }

  void OnWriteDone(bool ok) override {
    MutexLock lock(service_.mutex_);
    writing_ = false;
    if (!ok && !end_) end_ = absl::CancelledError("the stream is broken");
    Continue();
  }

  void OnCancel() override {
    MutexLock lock(service_.mutex_);
    End(absl::CancelledError("cancelled by the client"));
  }

  void OnDone() override {
    {
      MutexLock lock(service_.mutex_);
      service_.watchers_.erase(this);
    }
    delete this;
  }

 private:
  // Takes the next step, unless a message is still on its way.
  void Continue() {
    if (writing_ || finished_) return;
    if (wanted_ && wanted_ != sent_) {
      HealthCheckResponse response;
      response.set_status(*wanted_);
      message_ = SerializeReply(response);
      sent_ = wanted_;
      writing_ = true;
      StartWrite(&message_);
    } else if (end_) {
      finished_ = true;
      Finish(ToGrpcStatus(*end_));
    }
  }

  HealthService& service_;
  const std::string name_;
  std::optional<ServingStatus> wanted_;
  std::optional<ServingStatus> sent_;
  std::optional<absl::Status> end_;
  bool writing_ = false;
  bool finished_ = false;
  grpc::ByteBuffer message_;  // must stay until it is written
};

HealthService::HealthService() = default;

HealthService::~HealthService() {
  MutexLock lock(mutex_);
  RECTIFIER_CHECK(watchers_.empty());
}

HealthService::ServingStatus HealthService::StatusOf(const std::string& service) const {
  const auto found = serving_.find(service);
  if (found == serving_.end()) return HealthCheckResponse::SERVICE_UNKNOWN;
  return found->second ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
}

void HealthService::Set(const std::string& service, bool serving) {
  MutexLock lock(mutex_);
  if (draining_) return;
  serving_[service] = serving;
  for (Watcher* watcher : watchers_) {
    if (watcher->name() == service) watcher->Notify(StatusOf(service));
  }
}

void HealthService::BeginDrain() {
  MutexLock lock(mutex_);
  draining_ = true;
  for (auto& [service, serving] : serving_) serving = false;
  for (Watcher* watcher : watchers_) watcher->Notify(StatusOf(watcher->name()));
}

void HealthService::EndWatches() {
  MutexLock lock(mutex_);
  watches_ended_ = true;
  for (Watcher* watcher : watchers_) {
    watcher->End(absl::UnavailableError("the server is shutting down"));
  }
}

grpc::ServerUnaryReactor* HealthService::Check(grpc::CallbackServerContext* context,
                                               const grpc::ByteBuffer* request,
                                               grpc::ByteBuffer* response) {
  return AnswerUnary<HealthCheckRequest, HealthCheckResponse>(
      *context, kHealthCheckWire, *request, *response,
      [this](const HealthCheckRequest& asked, HealthCheckResponse& reply) -> absl::Status {
        MutexLock lock(mutex_);
        const ServingStatus status = StatusOf(asked.service());
        if (status == HealthCheckResponse::SERVICE_UNKNOWN) {
          return NotFound("service " + ClientText(asked.service()), "not found");
        }
        reply.set_status(status);
        return absl::OkStatus();
      });
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* HealthService::Watch(
    grpc::CallbackServerContext* /*context*/, const grpc::ByteBuffer* request) {
  HealthCheckRequest asked;
  const absl::Status status = ParseRequest(*request, kHealthCheckWire, asked);
  auto* watcher = new Watcher(*this, std::move(*asked.mutable_service()));
  MutexLock lock(mutex_);
  watchers_.insert(watcher);
  if (!status.ok()) {
    watcher->End(status);
  } else if (watches_ended_) {
    watcher->End(absl::UnavailableError("the server is shutting down"));
  } else {
    watcher->Notify(StatusOf(watcher->name()));
  }
  return watcher;
}

}  // namespace rectifier
