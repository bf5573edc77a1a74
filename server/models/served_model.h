#pragma once

#include <memory>
#include <string>
#include <vector>

#include "server/batching/dynamic_batcher.h"
#include "server/batching/worker_pool.h"
#include "server/core/clock.h"
#include "server/engine/execution_context.h"
#include "server/models/batch_run_observer.h"
#include "server/models/batch_tensors.h"
#include "server/models/model.h"
#include "server/models/servable.h"

namespace rectifier {

// What one worker keeps between batches, for all models.
struct WorkerState {
  ExecutionContext context;
  BatchScratch scratch;
};

// One WorkerState for each worker of a pool; a worker touches its own only.
class WorkerStates {
 public:
  explicit WorkerStates(int workers) : states_(static_cast<size_t>(workers)) {}
  WorkerState& at(int worker) { return states_[static_cast<size_t>(worker)]; }

 private:
  std::vector<WorkerState> states_;
};

// A ServedModel answers requests for one version of a model: it batches them, runs each batch as
// the fewest of the model's Programs, and hands the results back.
//
// Threading: Submit() from any thread; the rest of it happens on the pool's workers.
// Destruction: as DynamicBatcher's.
class ServedModel final : public Servable, private BatchRunner {
 public:
  struct Collaborators {
    WorkerPool& pool;
    WorkerStates& states;  // of the pool's workers
    BatchObserver& queue_observer;
    BatchRunObserver& run_observer;
    const Clock& clock;
  };

  // `batching.max_batch` is set from the model. The collaborators outlive it.
  ServedModel(std::string name, std::string version, std::shared_ptr<const Model> model,
              BatchingOptions batching, const Collaborators& collaborators);

  const std::string& name() const override { return name_; }
  const std::string& version() const override { return version_; }
  const ModelSignature& signature() const override { return model_->signature(); }
  const Model& model() const { return *model_; }
  absl::StatusOr<std::vector<TensorType>> OutputTypes(
      int64_t samples, std::span<const Shape> input_shapes) const override {
    return model_->OutputTypes(samples, input_shapes);
  }
  absl::Status Submit(InferenceRequest request) override;
  InferenceStatistics Statistics() const override { return statistics_.Get(); }

 private:
  class InferenceTask;

  void RunBatch(Batch batch, int worker) override;
  // The Programs for these batch sizes of what `task` brings.
  absl::StatusOr<std::vector<std::shared_ptr<const Program>>> Programs(
      const InferenceTask& task, std::span<const int64_t> sizes) const;
  // `rows` are those of the request of each of `tasks`.
  void RunProgram(const std::shared_ptr<const Program>& program,
                  std::span<InferenceTask* const> tasks, std::span<const RequestRows> rows,
                  WorkerState& state);

  const std::string name_;
  const std::string version_;
  const std::shared_ptr<const Model> model_;
  Collaborators collaborators_;
  InferenceStatisticsRecorder statistics_;
  DynamicBatcher batcher_;  // last: its destructor waits for batches that use the members above
};

}  // namespace rectifier
