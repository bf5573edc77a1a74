#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>

#include "server/app/commands.h"
#include "server/app/exit_codes.h"
#include "server/app/loopback_check.h"
#include "server/app/resources.h"
#include "server/app/version.h"
#include "server/batching/worker_pool.h"
#include "server/core/log.h"
#include "server/core/status.h"
#include "server/engine/onednn/onednn_compiler.h"
#include "server/metrics/http_endpoint.h"
#include "server/metrics/metrics.h"
#include "server/models/repository_loader.h"
#include "server/service/grpc_server.h"

namespace rectifier {
namespace {

using std::chrono::milliseconds;

// Blocks the signals that stop the server in this thread and all that it starts, so that only
// WaitForStop() sees them.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // A client that goes away must not end the process through a write to its socket.
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

void WaitForStop(const sigset_t& signals) {
  int signal = 0;
  sigwait(&signals, &signal);
  log::Info("stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
  // A second one ends the process at once.
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

class ServerHealth final : public HealthSource {
 public:
  explicit ServerHealth(const LoopbackCheck& loopback) : loopback_(loopback) {}

  bool Live() override { return loopback_.Answers(); }
  bool Ready() override { return ready_; }
  bool Started() override { return started_; }

  void SetReady(bool ready) { ready_ = ready; }
  void SetStarted() { started_ = true; }

 private:
  const LoopbackCheck& loopback_;
  std::atomic<bool> ready_ = false;
  std::atomic<bool> started_ = false;
};

// The observers of the models, which outlive the models themselves.
using Observers = std::vector<std::shared_ptr<ModelObserver>>;

LoadOptions LoadOptionsOf(const ServeOptions& options, int workers) {
  LoadOptions load;
  load.limits.allow_nan = options.allow_nan_weights;
  load.compiler.intra_op_threads = options.intra_op_threads;
  // Every worker has an arena of its own; the other half is for weights and messages.
  load.compiler.max_program_bytes = MemoryLimit() / 2 / workers;
  load.new_compiler = NewOneDnnCompiler;
  load.max_batch = options.max_batch_size;
  return load;
}

void ReportLoad(const LoadReport& report, Metrics& metrics, GrpcServer& grpc) {
  const RepositoryEntry& entry = report.entry;
  const double seconds = Seconds(report.load_time);
  if (IsModelName(entry.name)) {
    grpc.SetModelHealth(entry.name, report.status.ok());
    ModelStatus status;
    status.state = report.status.ok() ? ModelState::kReady : ModelState::kUnavailable;
    status.load_time = report.load_time;
    status.error = std::string(Message(report.status));
    if (report.model != nullptr) {
      status.weight_bytes = static_cast<int64_t>(report.model->weight_bytes());
    }
    metrics.SetModelState(entry.name, entry.version, status);
  }
  if (!report.status.ok()) {
    log::Error(
        "model could not be loaded",
        {{"model", entry.name}, {"version", entry.version}, {"error", Message(report.status)}});
    return;
  }
  const Model& model = *report.model;
  log::Info("model ready", {{"model", entry.name},
                            {"version", entry.version},
                            {"max_batch", model.signature().max_batch},
                            {"weight_bytes", static_cast<int64_t>(model.weight_bytes())},
                            {"seconds", seconds}});
  if (!model.batch_limit_reason().empty()) {
    log::Warning("model is not batched as asked",
                 {{"model", entry.name}, {"reason", model.batch_limit_reason()}});
  }
}

// Written under another name first, so that a reader never sees half of it.
absl::Status WritePortFile(const std::string& file, const std::string& text) {
  const std::string partial = file + ".partial";
  std::ofstream out(partial, std::ios::trunc);
  out << text;
  out.close();
  if (!out) return FailedPrecondition(file, "cannot be written");
  std::error_code error;
  std::filesystem::rename(partial, file, error);
  if (error) return FailedPrecondition(file, "cannot be written: {}", error.message());
  return absl::OkStatus();
}

int Fail(const ServeOptions& options, const absl::Status& status, int code) {
  if (options.log_format == "json") {
    log::Error("cannot serve", {{"error", Message(status)}});
  } else {
    std::cerr << "rectifier: " << Message(status) << "\n";
  }
  return code;
}

}  // namespace

int Serve(const ServeOptions& options) {
  // gRPC's own log says again what an error here says, and is not in the log's format.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  const sigset_t signals = BlockStopSignals();
  log::Configure(*log::ParseLevel(options.log_level), *log::ParseFormat(options.log_format));
  const auto entries = ScanRepository(options.model_repository);
  if (!entries.ok()) return Fail(options, entries.status(), kExitUsage);

  const Clock& clock = SteadyClock();
  const int workers = options.workers > 0
                          ? options.workers
                          : std::max(1, DefaultWorkers(AllowedCpus()) / options.intra_op_threads);
  Metrics metrics({Version(), OneDnnVersion(), OneDnnIsa()});
  metrics.SetWorkers(workers);
  Observers observers;
  ModelRegistry registry;
  WorkerPool pool(workers, clock);
  WorkerStates states(workers);

  GrpcServer::Options grpc_options;
  grpc_options.host = options.host;
  grpc_options.port = options.grpc_port;
  grpc_options.server_version = Version();
  grpc_options.max_message_bytes = options.max_message_bytes;
  // A backstop: the queues' own bounds act first.
  grpc_options.memory_quota_bytes = MemoryLimit() / 4;
  grpc_options.lame_duck = milliseconds(options.lame_duck_ms);
  grpc_options.drain_timeout = milliseconds(options.shutdown_timeout_ms);
  auto grpc = GrpcServer::Start(grpc_options, registry, metrics, clock);
  if (!grpc.ok()) return Fail(options, grpc.status(), kExitFailed);
  const LoopbackCheck loopback(options.host, (*grpc)->port());
  ServerHealth health(loopback);
  auto http = HttpEndpoint::Start(options.host, options.http_port, metrics, health);
  if (!http.ok()) return Fail(options, http.status(), kExitFailed);

  log::Info("starting", {{"version", Version()},
                         {"onednn", OneDnnVersion()},
                         {"isa", OneDnnIsa()},
                         {"workers", workers},
                         {"intra_op_threads", options.intra_op_threads}});
  const auto make = [&](const RepositoryEntry& entry, std::unique_ptr<const Model> model) {
    observers.push_back(metrics.ObserverFor(entry.name, entry.version));
    ModelObserver& observer = *observers.back();
    BatchingOptions batching;
    batching.max_queue_tasks = options.max_queue_items;
    batching.max_queue_bytes = options.max_queue_bytes;
    return std::make_shared<ServedModel>(
        entry.name, entry.version, std::move(model), batching,
        ServedModel::Collaborators{pool, states, observer, observer, clock});
  };
  for (const RepositoryEntry& entry : *entries) {
    if (!IsModelName(entry.name)) continue;
    (*grpc)->SetModelHealth(entry.name, false);
    metrics.SetModelState(entry.name, entry.version, ModelStatus{});
  }
  int ready = 0;
  absl::Status first_failure;
  LoadRepository(*entries, LoadOptionsOf(options, workers), clock, registry, make,
                 [&](const LoadReport& report) {
                   ReportLoad(report, metrics, **grpc);
                   if (report.status.ok()) {
                     ++ready;
                   } else if (first_failure.ok()) {
                     first_failure = At(report.entry.name, report.status);
                   }
                 });
  health.SetStarted();
  if (options.strict && !first_failure.ok()) {
    registry.Clear();
    return Fail(options, first_failure, kExitFailed);
  }
  if (ready == 0) log::Error("no model could be loaded: the server stays not ready");
  health.SetReady(ready > 0);
  (*grpc)->SetServing(ready > 0);

  const std::string addresses =
      fmt::format("grpc={0}:{1}\nhttp={0}:{2}\n", options.host, (*grpc)->port(), (*http)->port());
  log::Info("listening (plaintext: for trusted networks only)",
            {{"grpc", fmt::format("{}:{}", options.host, (*grpc)->port())},
             {"http", fmt::format("{}:{}", options.host, (*http)->port())},
             {"models", ready}});
  if (!options.port_file.empty()) {
    const absl::Status written = WritePortFile(options.port_file, addresses);
    if (!written.ok()) {
      registry.Clear();
      return Fail(options, written, kExitFailed);
    }
  }

  WaitForStop(signals);
  health.SetReady(false);
  (*grpc)->Drain();
  registry.Clear();
  log::Info("stopped");
  return kExitDone;
}

}  // namespace rectifier
