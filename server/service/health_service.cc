#include "server/service/health_service.h"

#include <grpcpp/support/async_stream.h>

#include <optional>
#include <utility>

#include "server/core/check.h"
#include "server/core/status.h"
#include "server/service/client_text.h"
#include "server/service/status_mapping.h"
#include "server/service/unary.h"
#include "server/service/wire_messages.h"

namespace rectifier {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

// One Watch stream: at most one message is on its way, and the newest status follows it.
//
// Threading: the service's mutex guards everything, and is held by whoever calls Notify() or End().
// (Clang's analysis cannot tell that a watcher's service is the one that holds it.)
// Ownership: as ServerCall.
class HealthService::Watcher final : public ServerCall {
 public:
  Watcher(EventLoop& loop, HealthService& service) : ServerCall(loop), service_(service) {
    service_.RequestWatch(&context(), &request_, &writer_, &loop.queue(), &loop.queue(),
                          accepted());
  }

  const std::string& name() const { return name_; }

  void Notify(ServingStatus status) {
    wanted_ = status;
    Continue();
  }

  void End(const absl::Status& status) {
    if (!end_) end_ = status;
    Continue();
  }

 private:
  void AcceptNext() override { new Watcher(loop(), service_); }

  void OnStarted() override {
    HealthCheckRequest asked;
    const absl::Status status = ParseRequest(request_, kHealthCheckWire, asked);
    name_ = std::move(*asked.mutable_service());
    MutexLock lock(service_.mutex_);
    service_.watchers_.insert(this);
    if (!status.ok()) {
      End(status);
    } else if (service_.watches_ended_) {
      End(absl::UnavailableError("the server is shutting down"));
    } else {
      Notify(service_.StatusOf(name_));
    }
  }

  void OnWriteDone(bool ok) {
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
    MutexLock lock(service_.mutex_);
    service_.watchers_.erase(this);
  }

  // Takes the next step, unless a message is still on its way.
  void Continue() {
    if (writing_ || finished_) return;
    if (wanted_ && wanted_ != sent_) {
      HealthCheckResponse response;
      response.set_status(*wanted_);
      message_ = SerializeReply(response);
      sent_ = wanted_;
      writing_ = true;
      writer_.Write(message_, written_.Begin());
    } else if (end_) {
      finished_ = true;
      writer_.Finish(ToGrpcStatus(*end_), finished());
    }
  }

  HealthService& service_;
  grpc::ByteBuffer request_;
  grpc::ServerAsyncWriter<grpc::ByteBuffer> writer_{&context()};
  Step<Watcher, &Watcher::OnWriteDone> written_{*this};
  std::string name_;
  std::optional<ServingStatus> wanted_;
  std::optional<ServingStatus> sent_;
  std::optional<absl::Status> end_;
  bool writing_ = false;
  bool finished_ = false;
  grpc::ByteBuffer message_;
};

HealthService::HealthService()
    : check_(AnsweredBy<HealthCheckRequest, HealthCheckResponse>(
          *this, &HealthService::RequestCheck, kHealthCheckWire,
          [this](const HealthCheckRequest& asked, HealthCheckResponse& reply) {
            return Answer(asked, reply);
          })) {}

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

void HealthService::TakeCalls(EventLoop& loop) {
  AnswerCalls(loop, check_);
  new Watcher(loop, *this);
}

absl::Status HealthService::Answer(const HealthCheckRequest& asked,
                                   HealthCheckResponse& reply) const {
  MutexLock lock(mutex_);
  const ServingStatus status = StatusOf(asked.service());
  if (status == HealthCheckResponse::SERVICE_UNKNOWN) {
    return NotFound("service " + ClientText(asked.service()), "not found");
  }
  reply.set_status(status);
  return absl::OkStatus();
}

}  // namespace rectifier
