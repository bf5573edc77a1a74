#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/core/clock.h"
#include "server/core/mutex.h"
#include "server/models/registry.h"
#include "server/service/request_observer.h"
#include "server/service/service_load.h"

namespace grpc {
class Server;
}

namespace rectifier {

class AccessLog;
class EventLoop;
class HealthService;
class InferenceService;

// A GrpcServer listens on one port and serves inference, health and reflection there.
//
// Threading: safe from any thread. It has threads of its own for what comes from gRPC.
// Lifetime: the collaborators outlive it. Requests that servables have accepted must go on being
// completed until Drain() has returned: it waits for them even when their calls were cut off.
class GrpcServer {
 public:
  struct Options {
    std::string host = "0.0.0.0";
    int port = 8001;          // 0: one that is free
    std::string unix_socket;  // a path to listen on, too; empty: none
    std::string server_version;
    int64_t max_message_bytes = int64_t{64} << 20;  // of a request or a reply
    int64_t max_unsent_bytes = int64_t{256} << 20;  // of replies that clients have not taken yet
    int64_t memory_quota_bytes = 0;                 // gRPC's buffers; 0: no bound
    // Of a connection, which then takes no new calls; zero: none. Those on it, streams too, may
    // last the grace longer, and are then ended as UNAVAILABLE.
    Duration max_connection_age = std::chrono::seconds(300);
    Duration connection_grace = std::chrono::seconds(30);
    AccessLog* access_log = nullptr;  // outlives the server; null: none
    int event_threads = 1;            // that receive requests
    // What runs the tasks that were submitted as gathered; empty: none are. Called from a thread
    // that receives requests, when no more have come. Returns whether nothing waits or runs
    // after it.
    std::function<bool()> run_gathered;
    Duration busy_poll{};    // as EventLoop's
    bool reflection = true;  // of the whole process, once one server has it
    // Between the moment when the server says that it is not serving and the one when it stops to.
    Duration lame_duck = std::chrono::milliseconds(1500);
    // How long calls may then go on; what is left is cut off.
    Duration drain_timeout = std::chrono::seconds(30);
    // Waits for the lame duck; a test brings its own. Sleeps when empty.
    std::function<void(Duration)> wait;
  };

  // FAILED_PRECONDITION, naming the address, when it cannot listen there. The server is live at
  // once, and not ready before SetServing(true); the models that the registry knows are not serving
  // before SetModelHealth() says so.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(const Options& options,
                                                           const ModelRegistry& registry,
                                                           RequestObserver& observer,
                                                           const Clock& clock);
  // Cuts off what is running unless Drain() was called.
  ~GrpcServer();
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;

  int port() const { return port_; }

  // Health and readiness of the whole server: true once the models of the start are resolved.
  void SetServing(bool serving);

  // Health of a model. A name is unknown to clients until it is first set.
  void SetModelHealth(const std::string& name, bool serving);

  ServiceLoad Load() const;

  // Says NOT_SERVING, waits for the lame duck while calls are still taken (unless the server never
  // was serving), then takes no more and returns when the last is done. A second caller waits for
  // the first.
  void Drain();

 private:
  GrpcServer(const Options& options, const ModelRegistry& registry, RequestObserver& observer,
             const Clock& clock);

  absl::Status Listen();
  void Shutdown(Duration timeout);

  const Options options_;
  const std::unique_ptr<InferenceService> inference_;
  const std::unique_ptr<HealthService> health_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<grpc::Server> server_;  // destroyed before its services and its queue
  int port_ = 0;

  Mutex drain_mutex_;
  bool drained_ RECTIFIER_GUARDED_BY(drain_mutex_) = false;
  Mutex serving_mutex_;
  bool draining_ RECTIFIER_GUARDED_BY(serving_mutex_) = false;
  bool served_ RECTIFIER_GUARDED_BY(serving_mutex_) = false;  // was serving at some time
};

}  // namespace rectifier
