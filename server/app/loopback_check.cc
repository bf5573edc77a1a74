#include "server/app/loopback_check.h"

#include <grpcpp/grpcpp.h>

#include <chrono>

#include "proto/grpc/health/v1/health.grpc.pb.h"
#include "server/core/address.h"

namespace rectifier {

struct LoopbackCheck::Impl {
  std::unique_ptr<grpc::health::v1::Health::Stub> stub;
};

LoopbackCheck::LoopbackCheck(const std::string& host, int port, const Clock& clock)
    : clock_(clock), impl_(std::make_unique<Impl>()) {
  std::string reached = host;
  if (host == "0.0.0.0") reached = "127.0.0.1";
  if (host == "::" || host == "[::]") reached = "::1";
  grpc::ChannelArguments arguments;
  // http_proxy in the environment is for what the machine fetches, not for a call to itself.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  impl_->stub = grpc::health::v1::Health::NewStub(grpc::CreateCustomChannel(
      HostAndPort(reached, port), grpc::InsecureChannelCredentials(), arguments));
}

LoopbackCheck::~LoopbackCheck() = default;

bool LoopbackCheck::Answers() {
  constexpr std::chrono::seconds kKept{1};
  MutexLock lock(mutex_);
  const TimePoint now = clock_.Now();
  if (asked_ != TimePoint::min() && now - asked_ < kKept) return answered_;
  asked_ = now;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(1));
  grpc::health::v1::HealthCheckResponse response;
  answered_ = impl_->stub->Check(&context, {}, &response).ok();
  return answered_;
}

}  // namespace rectifier
