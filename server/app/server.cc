#include "server/app/server.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <utility>

#include "server/app/load_options.h"
#include "server/app/resources.h"
#include "server/app/version.h"
#include "server/core/address.h"
#include "server/core/log.h"
#include "server/core/status.h"
#include "server/engine/onednn/onednn_compiler.h"

namespace rectifier {
namespace {

using std::chrono::milliseconds;

// Threads that the engine would start for a batch are started by the pool's threads only.
Duration ShortBatch(int intra_op_threads) {
  return intra_op_threads == 1 ? WorkerPool::kWakeUp : Duration::zero();
}

// Writes `text` to a file beside `file`, which is renamed when it is complete, so that a reader
// never sees half of it. Returns its name.
absl::StatusOr<std::string> WritePartial(const std::string& file, const std::string& text) {
  std::string partial = file + ".partial";
  std::ofstream out(partial, std::ios::trunc);
  out << text;
  out.close();
  if (!out) return FailedPrecondition(file, "cannot be written");
  return partial;
}

absl::Status WritePortFile(const std::string& file, const std::string& text) {
  RECTIFIER_ASSIGN_OR_RETURN(const std::string partial, WritePartial(file, text));
  std::error_code error;
  std::filesystem::rename(partial, file, error);
  if (error) return FailedPrecondition(file, "cannot be written: {}", error.message());
  return absl::OkStatus();
}

}  // namespace

class Server::Health final : public HealthSource {
 public:
  explicit Health(LoopbackCheck& loopback) : loopback_(loopback) {}

  // The port is closed before the last requests are done; that is no reason to be killed.
  bool Live() override { return draining_ || loopback_.Answers(); }
  bool Ready() override { return ready_; }
  bool Started() override { return started_; }

  void SetReady(bool ready) { ready_ = ready; }
  void SetDraining() { draining_ = true; }
  void SetStarted() { started_ = true; }

 private:
  LoopbackCheck& loopback_;
  std::atomic<bool> ready_ = false;
  std::atomic<bool> draining_ = false;
  std::atomic<bool> started_ = false;
};

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServeOptions& options,
                                                      std::span<const RepositoryEntry> entries,
                                                      const Clock& clock) {
  if (!options.port_file.empty()) {
    // Whether it can be written is known before any model is loaded.
    RECTIFIER_RETURN_IF_ERROR(WritePartial(options.port_file, "").status());
  }
  std::unique_ptr<Server> server(new Server(options, clock));
  server->Expect(entries);
  RECTIFIER_RETURN_IF_ERROR(server->Listen());
  log::Info("starting", {{"version", Version()},
                         {"onednn", OneDnnVersion()},
                         {"isa", OneDnnIsa()},
                         {"workers", server->workers_},
                         {"intra_op_threads", options.intra_op_threads}});
  return server;
}

Server::Server(const ServeOptions& options, const Clock& clock)
    : options_(options),
      clock_(clock),
      workers_(WorkersFor(options)),
      metrics_({Version(), OneDnnVersion(), OneDnnIsa()}),
      pool_(workers_, clock, ShortBatch(options.intra_op_threads)),
      states_(workers_),
      registry_(&metrics_),
      access_log_({.mode = *ParseAccessLogMode(options.access_log),
                   .sample_every = options.access_log_sample_every,
                   .errors_per_second = options.access_log_errors_per_second}),
      idle_memory_([this] { return pool_.submitted(); }, std::chrono::seconds(1)) {
  metrics_.SetWorkers(workers_);
}

Server::~Server() = default;

void Server::Expect(std::span<const RepositoryEntry> entries) {
  ExpectModels(entries, registry_);
  for (const RepositoryEntry& entry : entries) {
    if (IsModelName(entry.name)) metrics_.SetModelState(entry.name, entry.version, ModelStatus{});
  }
}

absl::Status Server::Listen() {
  GrpcServer::Options options;
  options.host = options_.host;
  options.port = options_.grpc_port;
  options.server_version = Version();
  options.unix_socket = options_.unix_socket;
  options.max_message_bytes = options_.max_message_bytes;
  options.max_unsent_bytes = options_.max_unsent_bytes;
  options.max_connection_age = std::chrono::seconds(options_.max_connection_age_seconds);
  // A backstop: the queues' own bounds act first.
  options.memory_quota_bytes = MemoryLimit() / 4;
  if (access_log_.mode() != AccessLog::Mode::kOff) options.access_log = &access_log_;
  options.event_threads = EventThreadsFor(options_);
  options.run_gathered = [this] { return pool_.RunGathered(); };
  options.busy_poll = BusyPollFor(options_);
  options.lame_duck = milliseconds(options_.lame_duck_ms);
  options.drain_timeout = milliseconds(options_.shutdown_timeout_ms);
  RECTIFIER_ASSIGN_OR_RETURN(grpc_, GrpcServer::Start(options, registry_, metrics_, clock_));
  metrics_.SetLoadSource([this] {
    return ServerLoad{.service = grpc_->Load(),
                      .access_log_suppressed = access_log_.suppressed(),
                      .log_lines_lost = log::LostLines()};
  });
  loopback_ = std::make_unique<LoopbackCheck>(options_.host, grpc_->port(), clock_);
  health_ = std::make_unique<Health>(*loopback_);
  RECTIFIER_ASSIGN_OR_RETURN(
      http_, HttpEndpoint::Start(options_.host, options_.http_port, metrics_, *health_));
  return absl::OkStatus();
}

std::shared_ptr<Servable> Server::MakeServable(const RepositoryEntry& entry,
                                               const ConfiguredModel& model) {
  observers_.push_back(metrics_.ObserverFor(entry.name, entry.version));
  ModelObserver& observer = *observers_.back();
  ServingOptions serving;
  serving.batching = model.configuration.batching;
  serving.batching.max_queue_tasks = options_.max_queue_items;
  serving.batching.max_queue_bytes = options_.max_queue_bytes;
  serving.batching.max_queue_wait = milliseconds(options_.max_queue_wait_ms);
  serving.split_requests = options_.oversize_requests == "split";
  auto served = std::make_shared<ServedModel>(
      entry.name, entry.version, model.model, serving,
      ServedModel::Collaborators{pool_, states_, observer, observer, clock_});
  if (!served->model().has_dynamic_shapes()) served_.push_back(served);
  return served;
}

void Server::ReportLoad(const LoadReport& report) {
  const RepositoryEntry& entry = report.entry;
  if (report.status.ok()) {
    ++models_ready_;
  } else if (first_failure_.ok()) {
    first_failure_ = At(entry.name, report.status);
  }
  if (IsModelName(entry.name)) {
    grpc_->SetModelHealth(entry.name, report.status.ok());
    ModelStatus status;
    status.state = report.status.ok() ? ModelState::kReady : ModelState::kUnavailable;
    status.load_time = report.load_time;
    status.error = std::string(Message(report.status));
    if (report.model != nullptr) {
      status.weight_bytes = static_cast<int64_t>(report.model->weight_bytes());
      if (!report.model->has_dynamic_shapes()) {
        status.programs = static_cast<int64_t>(report.model->batch_sizes().size());
      }
    }
    metrics_.SetModelState(entry.name, entry.version, status);
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
                            {"seconds", Seconds(report.load_time)}});
  if (!model.batch_limit_reason().empty()) {
    log::Warning("model is not batched as asked",
                 {{"model", entry.name}, {"reason", model.batch_limit_reason()}});
  }
}

absl::Status Server::Load(std::span<const RepositoryEntry> entries, const std::stop_token& stop) {
  LoadOptions load = LoadOptionsFor(options_);
  load.stop = stop;
  LoadRepository(
      entries, load, clock_, registry_,
      [this](const RepositoryEntry& entry, const ConfiguredModel& model) {
        return MakeServable(entry, model);
      },
      [this](const LoadReport& report) { ReportLoad(report); });
  if (stop.stop_requested()) return first_failure_;
  health_->SetStarted();
  if (models_ready_ == 0) log::Error("no model could be loaded: the server stays not ready");
  if (options_.strict && !first_failure_.ok()) return first_failure_;
  health_->SetReady(models_ready_ > 0);
  grpc_->SetServing(models_ready_ > 0);
  for (const std::weak_ptr<ServedModel>& served : served_) calibrator_.Add(served);
  served_.clear();
  return first_failure_;
}

absl::Status Server::Announce() const {
  const std::string grpc = HostAndPort(options_.host, grpc_->port());
  const std::string http = HostAndPort(options_.host, http_->port());
  log::Info("listening (plaintext: for trusted networks only)",
            {{"grpc", grpc}, {"http", http}, {"models", models_ready_}});
  if (options_.port_file.empty()) return absl::OkStatus();
  return WritePortFile(options_.port_file, fmt::format("grpc={}\nhttp={}\n", grpc, http));
}

void Server::Drain() {
  health_->SetReady(false);
  health_->SetDraining();
  grpc_->Drain();
  registry_.Clear();
}

}  // namespace rectifier
