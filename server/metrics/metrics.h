#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "server/batching/task.h"
#include "server/core/clock.h"
#include "server/metrics/model_status.h"
#include "server/metrics/server_load.h"
#include "server/models/batch_run_observer.h"
#include "server/models/version_observer.h"
#include "server/service/request_observer.h"

namespace rectifier {

struct BuildInfo {
  std::string version;
  std::string onednn_version;
  std::string isa;  // the instructions that oneDNN uses
};

// What one version's requests, batcher and workers report to. Safe from any thread.
class ModelObserver : public VersionObserver, public BatchObserver, public BatchRunObserver {};

// Metrics counts what the server does and writes it down in Prometheus' text format.
//
// Threading: safe from any thread.
// Ownership: must outlive the observers that it gives out.
// Labels: a version's time series exist from its first mention until RemoveModel() was called and
// its observers are gone. No label has text from a client.
// Cost: what happens for each request is a few atomic additions to series that its observer knows;
// no lock is taken and nothing is looked up.
class Metrics final : public RequestObserver, public VersionObservers {
 public:
  explicit Metrics(const BuildInfo& build);
  ~Metrics() override;
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void OnRejected(absl::StatusCode code) override;
  std::shared_ptr<VersionObserver> RequestsOf(const std::string& model,
                                              const std::string& version) override {
    return ObserverFor(model, version);
  }

  // For whoever reports of the version, and keeps it for as long as they do.
  std::shared_ptr<ModelObserver> ObserverFor(const std::string& model, const std::string& version);

  // The version changed its state. Every call with an error counts as one failed load; its text is
  // cut at 256 bytes.
  void SetModelState(const std::string& model, const std::string& version,
                     const ModelStatus& status);
  // The version is served no more and no longer known.
  void RemoveModel(const std::string& model, const std::string& version);

  // Threads of the worker pool, to set their busy time against.
  void SetWorkers(int workers);

  // Where TextExposition() reads what the server holds; before that is called. Calls may overlap.
  void SetLoadSource(std::function<ServerLoad()> read);

  // Every metric, the process's own too, in the text format 0.0.4.
  std::string TextExposition() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rectifier
