#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "server/batching/task.h"
#include "server/core/clock.h"
#include "server/metrics/model_status.h"
#include "server/models/batch_run_observer.h"
#include "server/service/request_observer.h"

namespace rectifier {

struct BuildInfo {
  std::string version;
  std::string onednn_version;
  std::string isa;  // the instructions that oneDNN uses
};

// What one version's batcher and workers report to. Safe from any thread.
class ModelObserver : public BatchObserver, public BatchRunObserver {};

// Metrics counts what the server does and writes it down in Prometheus' text format.
//
// Threading: safe from any thread.
// Ownership: must outlive the observers that it gives out.
// Labels: a version's time series exist from its first mention until RemoveModel() was called, its
// observers are gone and its requests are answered.
class Metrics final : public RequestObserver {
 public:
  explicit Metrics(const BuildInfo& build);
  ~Metrics() override;
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // RequestObserver. An OnFinished() that nothing started is not counted.
  void OnStarted(const std::string& model, const std::string& version) override;
  void OnFinished(const std::string& model, const std::string& version, absl::StatusCode code,
                  Duration total, const InferenceTimes* times) override;
  void OnRejected(absl::StatusCode code) override;

  // For the version's batcher and runner, which keep it for as long as they report.
  std::shared_ptr<ModelObserver> ObserverFor(const std::string& model, const std::string& version);

  // The version changed its state. Every call with an error counts as one failed load; its text is
  // cut at 256 bytes.
  void SetModelState(const std::string& model, const std::string& version,
                     const ModelStatus& status);
  // The version is served no more and no longer known.
  void RemoveModel(const std::string& model, const std::string& version);

  // Threads of the worker pool, to set their busy time against.
  void SetWorkers(int workers);

  // Every metric, the process's own too, in the text format 0.0.4.
  std::string TextExposition() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rectifier
