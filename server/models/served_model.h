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

struct ServingOptions {
  // max_batch is the model's; of max_concurrent no more than there are workers count.
  BatchingOptions batching = {};
  bool split_requests = true;  // of more samples than a batch; they are refused otherwise
};

// A ServedModel answers requests for one version of a model: it batches them, runs each batch with
// the model's Programs, and hands the results back. A request with more samples than a batch is
// split into parts that are batched like requests of their own.
//
// Threading: Submit() from any thread; the rest of it happens on the pool's workers.
// Destruction: as DynamicBatcher's; as the last handle's, from within one of its own batches too.
class ServedModel final : public Servable,
                          public std::enable_shared_from_this<ServedModel>,
                          private BatchRunner {
 public:
  struct Collaborators {
    WorkerPool& pool;
    WorkerStates& states;  // of the pool's workers
    BatchObserver& queue_observer;
    BatchRunObserver& run_observer;
    const Clock& clock;
  };

  // Parts that a request may be split into.
  static constexpr int64_t kMaxParts = 64;

  // The collaborators outlive it.
  ServedModel(std::string name, std::string version, std::shared_ptr<const Model> model,
              const ServingOptions& options, const Collaborators& collaborators);

  const std::string& name() const override { return name_; }
  const std::string& version() const override { return version_; }
  const ModelSignature& signature() const override { return signature_; }
  const BatchingOptions& batching() const override { return batching_; }
  const Model& model() const { return *model_; }
  absl::StatusOr<std::vector<TensorType>> OutputTypes(
      int64_t samples, std::span<const Shape> input_shapes) const override {
    return model_->OutputTypes(samples, input_shapes);
  }
  absl::Status Submit(InferenceRequest request) override;
  InferenceStatistics Statistics() const override { return statistics_.Get(); }

  // What the Program for `size` samples, one of the model's batch sizes, takes of the calling
  // thread's time for generated ones; not what the thread is held up by others. For models without
  // dynamic shapes.
  Duration TimeProgram(int64_t size, ExecutionContext& context) const;
  void Calibrate(const MeasuredRun& run) { batcher_.Calibrate(run); }

 private:
  class Pending;
  struct OwnPending;
  class InferenceTask;
  class WholeRequest;
  class PartOfRequest;

  std::vector<MeasuredRun> RunBatch(FormedBatch batch, int worker) override;
  std::shared_ptr<const void> Hold() override { return weak_from_this().lock(); }
  // The Programs for these batch sizes of what `task` brings.
  absl::StatusOr<std::vector<std::shared_ptr<const Program>>> Programs(
      const InferenceTask& task, std::span<const int64_t> sizes) const;
  // `rows` are those of the request of each of `tasks`; `size` samples are the Program's. Returns
  // how long it took.
  Duration RunProgram(const std::shared_ptr<const Program>& program, int64_t size,
                      std::span<InferenceTask* const> tasks, std::span<const RequestRows> rows,
                      WorkerState& state);

  const std::string name_;
  const std::string version_;
  const std::shared_ptr<const Model> model_;
  const ModelSignature signature_;
  const BatchingOptions batching_;
  Collaborators collaborators_;
  InferenceStatisticsRecorder statistics_;
  DynamicBatcher batcher_;  // last: its destructor waits for batches that use the members above
};

}  // namespace rectifier
