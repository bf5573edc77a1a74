#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rectifier/tensor.h"

namespace rectifier::client {

// When a call is tried again. Every call of this client may be: inference changes nothing on the
// server, so that running it twice gives the same answer, and the others only read.
//
// Two codes are retried, both of which say "not executed":
//   UNAVAILABLE         the server cannot be reached, drains, or still loads the model;
//   RESOURCE_EXHAUSTED  its queue is full; it names the time to wait in grpc-retry-pushback-ms
//                       (negative: do not retry), which takes the place of the backoff.
// Everything else would fail again, or, like DEADLINE_EXCEEDED, leaves no time to try.
//
// gRPC itself retries, by the channel's service config. All attempts share the call's deadline, and
// when half of the recent calls to a target fail, retries to it pause: they never turn a server's
// overload into a storm.
struct RetryPolicy {
  int max_attempts = 4;  // 1 (never retry) to 5, the most that gRPC allows
  std::chrono::milliseconds initial_backoff{50};
  std::chrono::milliseconds max_backoff{1000};
  double backoff_multiplier = 2;
};

// PEM texts, not file names. Without `root_certificates` the system's are used; the other two are
// for servers that ask their clients for a certificate, and come together.
struct TlsOptions {
  std::string root_certificates;
  std::string certificate_chain;
  std::string private_key;
};

struct ClientOptions {
  // Of every call that does not bring its own. Calls without a deadline do not exist: one that the
  // network swallows would never end.
  std::chrono::milliseconds default_timeout{30'000};
  RetryPolicy retry;
  // The largest request that is sent and response that is taken.
  int64_t max_message_bytes = int64_t{64} << 20;

  // Plaintext without.
  std::optional<TlsOptions> tls;
  // Sent as "authorization: Bearer …". Needs `tls`.
  std::string bearer_token;

  // Follow the server's grpc.health.v1 service and send calls only to replicas that are serving,
  // which is how a replica that drains loses none of them. Calls are spread over all addresses of
  // the target (round robin) either way. While no replica is serving, calls end UNAVAILABLE.
  bool watch_health = true;
};

struct ServerMetadata {
  std::string name;
  std::string version;
  std::vector<std::string> extensions;
};

struct TensorMetadata {
  std::string name;
  std::string datatype;
  std::vector<int64_t> shape;  // -1: any size
};

struct ModelMetadata {
  std::string name;
  std::vector<std::string> versions;
  std::string platform;
  std::vector<TensorMetadata> inputs;
  std::vector<TensorMetadata> outputs;
  std::map<std::string, std::string> properties;
};

struct InferRequest {
  std::string model_name;
  std::string model_version;  // empty: the server's choice
  std::string id;             // comes back in the response
  std::vector<Tensor> inputs;
  std::vector<std::string> outputs;  // names; empty: all
};

struct InferResponse {
  std::string model_name;
  std::string model_version;
  std::string id;
  std::vector<Tensor> outputs;

  // Null when there is no output of that name.
  const Tensor* Find(std::string_view name) const;
};

using InferCallback = std::function<void(absl::StatusOr<InferResponse>)>;

// A Client calls one model server, or the replicas behind one name, by the Open Inference Protocol
// v2 over gRPC. Tensors are always sent and expected as raw bytes.
//
// Threading: every method is safe from any thread, except that no callback may destroy the client,
//   nor assign to it: that cancels the calls in flight and waits until their callbacks have run.
// Failure: the server's own code and message (NOT_FOUND for an unknown model, INVALID_ARGUMENT for
//   a wrong tensor, …); UNAVAILABLE and DEADLINE_EXCEEDED begin with the target. A response that
//   breaks the protocol is INTERNAL.
// Timeouts: the last parameter of each call; nullopt takes ClientOptions::default_timeout.
class Client {
 public:
  using Timeout = std::optional<std::chrono::milliseconds>;

  // `target` is "HOST:PORT" or any gRPC name ("dns:///rectifier.models.svc:8001"). Returns without
  // waiting for the server: one that cannot be reached shows in the first call. INVALID_ARGUMENT
  // for options that contradict themselves.
  static absl::StatusOr<Client> Connect(const std::string& target,
                                        const ClientOptions& options = {});

  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  const std::string& target() const;

  absl::StatusOr<bool> IsServerReady(Timeout timeout = {}) const;
  absl::StatusOr<bool> IsModelReady(const std::string& model, const std::string& version = "",
                                    Timeout timeout = {}) const;

  // Blocks until the server, or the model if one is named, is ready; an unreachable server and an
  // unknown model are waited for like one that still loads. DEADLINE_EXCEEDED, with the last
  // reason, when it is not ready in time.
  absl::Status WaitUntilReady(std::chrono::milliseconds timeout, const std::string& model = "",
                              const std::string& version = "") const;

  absl::StatusOr<ServerMetadata> GetServerMetadata(Timeout timeout = {}) const;
  absl::StatusOr<ModelMetadata> GetModelMetadata(const std::string& model,
                                                 const std::string& version = "",
                                                 Timeout timeout = {}) const;

  // Move tensors into the request, and the request into the call: nothing is copied then.
  absl::StatusOr<InferResponse> Infer(InferRequest request, Timeout timeout = {}) const;

  // Calls `done` exactly once: from a gRPC thread, which it must not block, or, for a request that
  // cannot be sent, before InferAsync returns.
  void InferAsync(InferRequest request, InferCallback done, Timeout timeout = {}) const;

 private:
  struct Connection;
  explicit Client(std::unique_ptr<Connection> connection);

  std::unique_ptr<Connection> connection_;
};

}  // namespace rectifier::client
