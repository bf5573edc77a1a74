#pragma once

#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/app/commands.h"
#include "server/app/idle_memory.h"
#include "server/app/loopback_check.h"
#include "server/batching/worker_pool.h"
#include "server/core/clock.h"
#include "server/metrics/http_endpoint.h"
#include "server/metrics/metrics.h"
#include "server/models/cost_calibrator.h"
#include "server/models/repository_loader.h"
#include "server/models/served_model.h"
#include "server/service/access_log.h"
#include "server/service/grpc_server.h"

namespace rectifier {

// A Server is everything that `rectifier serve` runs, wired together: both ports, the workers, the
// models and what is told about them.
//
// Threading: its methods are called from one thread, in the order in which they stand here.
class Server {
 public:
  // Opens both ports. Live at once; not ready, and its models, which are known from the first call
  // on, loading, until Load().
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServeOptions& options,
                                                       std::span<const RepositoryEntry> entries,
                                                       const Clock& clock);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Loads every entry, the same ones, and serves each as soon as it is loaded; ready afterwards if
  // any is. Returns the first failure: the other models are served nevertheless. Ends early when
  // `stop` asks for it, and then never becomes ready.
  absl::Status Load(std::span<const RepositoryEntry> entries, const std::stop_token& stop);

  // Logs the addresses, and writes them to the port file when there is to be one.
  absl::Status Announce() const;

  // Not ready from now on; returns when the last request under way is done.
  void Drain();

 private:
  class Health;

  Server(const ServeOptions& options, const Clock& clock);

  void Expect(std::span<const RepositoryEntry> entries);
  absl::Status Listen();
  std::shared_ptr<Servable> MakeServable(const RepositoryEntry& entry,
                                         const ConfiguredModel& model);
  void ReportLoad(const LoadReport& report);

  const ServeOptions options_;
  const Clock& clock_;
  const int workers_;

  // In the order of their dependencies; destroyed from the last to the first.
  Metrics metrics_;
  std::vector<std::shared_ptr<ModelObserver>> observers_;
  WorkerPool pool_;
  WorkerStates states_;
  CostCalibrator calibrator_;
  ModelRegistry registry_;
  AccessLog access_log_;
  std::unique_ptr<GrpcServer> grpc_;
  std::unique_ptr<LoopbackCheck> loopback_;
  std::unique_ptr<Health> health_;
  std::unique_ptr<HttpEndpoint> http_;
  IdleMemory idle_memory_;

  std::vector<std::weak_ptr<ServedModel>> served_;  // whose costs are to be measured once ready
  int models_ready_ = 0;
  absl::Status first_failure_;
};

}  // namespace rectifier
