#include "server/service/grpc_server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/resource_quota.h>

#include <algorithm>
#include <limits>
#include <thread>

#include "server/core/address.h"
#include "server/core/status.h"
#include "server/service/event_loop.h"
#include "server/service/health_service.h"
#include "server/service/inference_service.h"
#include "server/service/unix_socket.h"

namespace rectifier {
namespace {

struct IntArgument {
  const char* name;
  int value;
};

// For clients that are not trusted; security.md has what each was tried against.
constexpr IntArgument kArguments[] = {
    {GRPC_ARG_ALLOW_REUSEPORT, 0},  // a second server on the port is an error, not half the traffic
    {GRPC_ARG_MAX_CONCURRENT_STREAMS, 128},
    {GRPC_ARG_MAX_METADATA_SIZE, 8192},
    {GRPC_ARG_HTTP2_MAX_PING_STRIKES, 2},
    {GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 30'000},
    {GRPC_ARG_KEEPALIVE_TIME_MS, 30'000},
    {GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000},
    {GRPC_ARG_MAX_CONNECTION_IDLE_MS, 300'000},
    {GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 10'000},
};

// Reflection is the one synchronous service here, and takes a thread for each open stream. This is
// how many it may have; calls of the loop do not draw on it. (gRPC lets its threads take no part in
// polling where there are queues that do.)
constexpr int kMaxSyncThreads = 8;

int ToInt(int64_t value) {
  return static_cast<int>(std::clamp<int64_t>(value, 0, std::numeric_limits<int>::max()));
}

int Milliseconds(Duration duration) {
  return ToInt(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

gpr_timespec In(Duration timeout) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_millis(milliseconds, GPR_TIMESPAN));
}

// Half of gRPC's memory is left to it for what it receives.
int64_t SliceBytes(const GrpcServer::Options& options) {
  if (options.memory_quota_bytes == 0) return InferenceService::Options().max_slice_bytes;
  return options.memory_quota_bytes / 2;
}

}  // namespace

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(const Options& options,
                                                              const ModelRegistry& registry,
                                                              RequestObserver& observer,
                                                              const Clock& clock) {
  std::unique_ptr<GrpcServer> server(new GrpcServer(options, registry, observer, clock));
  RECTIFIER_RETURN_IF_ERROR(server->Listen());
  return server;
}

GrpcServer::GrpcServer(const Options& options, const ModelRegistry& registry,
                       RequestObserver& observer, const Clock& clock)
    : options_(options),
      inference_(std::make_unique<InferenceService>(
          InferenceService::Options{options.server_version, options.max_message_bytes,
                                    options.max_unsent_bytes, SliceBytes(options),
                                    options.access_log},
          registry, observer, clock)),
      health_(std::make_unique<HealthService>()) {
  health_->Set("", false);
  for (const ModelVersion& version : registry.List()) health_->Set(version.name, false);
}

GrpcServer::~GrpcServer() {
  if (server_ != nullptr) Shutdown(Duration::zero());
}

absl::Status GrpcServer::Listen() {
  // The plugin is for every builder of the process from now on.
  if (options_.reflection) grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  for (const IntArgument& argument : kArguments) {
    builder.AddChannelArgument(argument.name, argument.value);
  }
  if (options_.max_connection_age > Duration::zero()) {
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS,
                               Milliseconds(options_.max_connection_age));
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS,
                               Milliseconds(options_.connection_grace));
  }
  builder.SetMaxReceiveMessageSize(ToInt(options_.max_message_bytes));
  builder.SetMaxSendMessageSize(ToInt(options_.max_message_bytes));
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 1);
  grpc::ResourceQuota quota("rectifier");
  quota.SetMaxThreads(kMaxSyncThreads);
  if (options_.memory_quota_bytes > 0) {
    quota.Resize(static_cast<size_t>(options_.memory_quota_bytes));
  }
  builder.SetResourceQuota(quota);
  const std::string address = HostAndPort(options_.host, options_.port);
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port_);
  int unix_port = 1;
  if (!options_.unix_socket.empty()) {
    RECTIFIER_RETURN_IF_ERROR(CheckUnixSocketIsFree(options_.unix_socket));
    builder.AddListeningPort("unix:" + options_.unix_socket, grpc::InsecureServerCredentials(),
                             &unix_port);
  }
  builder.RegisterService(inference_.get());
  builder.RegisterService(health_.get());
  loop_ = std::make_unique<EventLoop>(builder.AddCompletionQueue());
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || port_ == 0 || unix_port == 0) {
    // One that cannot be listened on gives no port; those before it have theirs.
    if (port_ != 0) return FailedPrecondition(options_.unix_socket, "cannot listen there");
    return FailedPrecondition(address, "cannot listen there; is the port in use?");
  }
  loop_->Start({options_.event_threads, options_.run_gathered, options_.busy_poll});
  inference_->TakeCalls(*loop_);
  health_->TakeCalls(*loop_);
  return absl::OkStatus();
}

void GrpcServer::SetServing(bool serving) {
  MutexLock lock(serving_mutex_);
  if (draining_) return;
  served_ = served_ || serving;
  inference_->SetReady(serving);
  health_->Set("", serving);
}

void GrpcServer::SetModelHealth(const std::string& name, bool serving) {
  health_->Set(name, serving);
}

ServiceLoad GrpcServer::Load() const { return inference_->Load(); }

void GrpcServer::Drain() {
  MutexLock lock(drain_mutex_);
  if (drained_) return;
  drained_ = true;
  bool served = false;
  {
    MutexLock serving_lock(serving_mutex_);
    draining_ = true;
    served = served_;
    inference_->SetReady(false);
    health_->BeginDrain();
  }
  // Unless somebody was told to come, nobody has to be told to go.
  if (served && options_.wait) options_.wait(options_.lame_duck);
  if (served && !options_.wait) std::this_thread::sleep_for(options_.lame_duck);
  Shutdown(options_.drain_timeout);
}

void GrpcServer::Shutdown(Duration timeout) {
  // Watches and streams would otherwise last until the deadline.
  health_->EndWatches();
  inference_->EndStreams();
  server_->Shutdown(In(timeout));
  loop_->Stop();
}

}  // namespace rectifier
