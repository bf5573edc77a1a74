#include "client/cpp/src/channel.h"

#include <fmt/format.h>
#include <grpc/grpc.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <limits>

namespace rectifier::client {
namespace {

absl::Status CheckOptions(const std::string& target, const ClientOptions& options) {
  if (target.empty()) return absl::InvalidArgumentError("the target is empty");
  if (options.default_timeout.count() <= 0) {
    return absl::InvalidArgumentError("default_timeout must be above zero");
  }
  const RetryPolicy& retry = options.retry;
  if (retry.max_attempts < 1 || retry.max_attempts > 5) {
    return absl::InvalidArgumentError(
        fmt::format("retry.max_attempts must be 1 to 5, got {}", retry.max_attempts));
  }
  if (retry.initial_backoff.count() <= 0 || retry.max_backoff < retry.initial_backoff ||
      !(retry.backoff_multiplier > 0)) {
    return absl::InvalidArgumentError(
        "retry: expected 0 < initial_backoff <= max_backoff and a multiplier above zero");
  }
  if (options.max_message_bytes <= 0 ||
      options.max_message_bytes > std::numeric_limits<int>::max()) {
    return absl::InvalidArgumentError("max_message_bytes must be 1 to 2^31-1");
  }
  if (!options.bearer_token.empty() && !options.tls) {
    return absl::InvalidArgumentError("a bearer token is sent over TLS only");
  }
  if (options.tls && options.tls->certificate_chain.empty() != options.tls->private_key.empty()) {
    return absl::InvalidArgumentError("tls: the certificate and its key come together");
  }
  return absl::OkStatus();
}

std::shared_ptr<grpc::ChannelCredentials> Credentials(const ClientOptions& options) {
  if (!options.tls) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = options.tls->root_certificates;
  tls.pem_cert_chain = options.tls->certificate_chain;
  tls.pem_private_key = options.tls->private_key;
  auto channel = grpc::SslCredentials(tls);
  if (options.bearer_token.empty()) return channel;
  return grpc::CompositeChannelCredentials(channel,
                                           grpc::AccessTokenCredentials(options.bearer_token));
}

// gRPC shuts down with its last user and starts again with the next. A shutdown waits 1 s to 10 s
// for a connection that is just being closed, which a program that is done would spend on its
// exit. So the first channel keeps it for the life of the process.
void KeepGrpc() {
  [[maybe_unused]] static const bool kept = [] {
    grpc_init();
    return true;
  }();
}

std::string Seconds(std::chrono::milliseconds time) {
  return fmt::format("{}.{:03}s", time.count() / 1000, time.count() % 1000);
}

}  // namespace

std::string ServiceConfig(const ClientOptions& options) {
  const RetryPolicy& retry = options.retry;
  std::string config = R"({"loadBalancingConfig":[{"round_robin":{}}])";
  if (options.watch_health) config += R"(,"healthCheckConfig":{"serviceName":""})";
  if (retry.max_attempts > 1) {
    // Throttling: a failure takes one token of 100, a success gives 0.1 back, and retries stop
    // below 50.
    config += fmt::format(
        R"(,"methodConfig":[{{"name":[{{"service":"inference.GRPCInferenceService"}}],)"
        R"("retryPolicy":{{"maxAttempts":{},"initialBackoff":"{}","maxBackoff":"{}",)"
        R"("backoffMultiplier":{},"retryableStatusCodes":["UNAVAILABLE","RESOURCE_EXHAUSTED"]}}}}],)"
        R"("retryThrottling":{{"maxTokens":100,"tokenRatio":0.1}})",
        retry.max_attempts, Seconds(retry.initial_backoff), Seconds(retry.max_backoff),
        retry.backoff_multiplier);
  }
  return config + "}";
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const std::string& target,
                                                           const ClientOptions& options) {
  const absl::Status status = CheckOptions(target, options);
  if (!status.ok()) return status;

  KeepGrpc();
  const int max_bytes = static_cast<int>(options.max_message_bytes);
  grpc::ChannelArguments arguments;
  arguments.SetMaxSendMessageSize(max_bytes);
  arguments.SetMaxReceiveMessageSize(max_bytes);
  arguments.SetServiceConfigJSON(ServiceConfig(options));
  // DNS could hand out a service config of its own; ours is the one that is documented.
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  // A call larger than this buffer is not retried, and gRPC's default is 256 KiB: less than one
  // batch of pictures.
  arguments.SetInt(GRPC_ARG_PER_RPC_RETRY_BUFFER_SIZE, max_bytes);
  // The proxy to the web is not the way to a model server.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // A connection that a partition killed is noticed while calls wait on it, and a server that
  // comes back is found within seconds instead of gRPC's two minutes. The server allows a ping
  // every 30 s.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 35'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5'000);  // also how long one attempt may take
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5'000);
  return grpc::CreateCustomChannel(target, Credentials(options), arguments);
}

}  // namespace rectifier::client
