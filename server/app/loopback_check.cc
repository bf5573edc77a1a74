#include "server/app/loopback_check.h"

#include <grpcpp/grpcpp.h>

#include <chrono>

#include "proto/grpc/health/v1/health.grpc.pb.h"
#include "server/core/address.h"

namespace rectifier {

namespace {

// Where a server that listens on `host` is reached from its own machine.
std::string Reached(const std::string& host) {
  if (host == "0.0.0.0") return "127.0.0.1";
  if (host == "::" || host == "[::]") return "::1";
  return host;
}

bool Ask(const std::string& address) {
  grpc::ChannelArguments arguments;
  // http_proxy in the environment is for what the machine fetches, not for a call to itself.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // A connection that is open already would tell nothing of the listener.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto stub = grpc::health::v1::Health::NewStub(
      grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(1));
  grpc::health::v1::HealthCheckResponse response;
  return stub->Check(&context, {}, &response).ok();
}

}  // namespace

LoopbackCheck::LoopbackCheck(const std::string& host, int port, const Clock& clock)
    : clock_(clock), address_(HostAndPort(Reached(host), port)) {}

bool LoopbackCheck::Answers() {
  constexpr std::chrono::seconds kKept{1};
  MutexLock lock(mutex_);
  if (!asked_ || clock_.Now() - *asked_ >= kKept) {
    answered_ = Ask(address_);
    // From the end: those that waited for a call which took its whole second keep its answer.
    asked_ = clock_.Now();
  }
  return answered_;
}

}  // namespace rectifier
