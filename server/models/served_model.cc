#include "server/models/served_model.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "server/core/check.h"
#include "server/core/status.h"

namespace rectifier {

class ServedModel::InferenceTask final : public Task {
 public:
  InferenceTask(InferenceRequest request, TimePoint now)
      : Task(request.samples, Bytes(request), request.deadline), request_(std::move(request)) {
    times_.enqueued = now;
  }

  bool cancelled() const override { return request_.cancelled && request_.cancelled(); }
  void Drop(const absl::Status& status) override { request_.done(status, times_); }
  void Complete() { request_.done(absl::OkStatus(), times_); }

  const InferenceRequest& request() const { return request_; }
  InferenceTimes& times() { return times_; }

 private:
  static size_t Bytes(const InferenceRequest& request) {
    size_t bytes = 0;
    for (const TensorView& input : request.inputs) bytes += input.bytes.size();
    for (const MutableTensorView& output : request.outputs) bytes += output.bytes.size();
    return bytes;
  }

  InferenceRequest request_;
  InferenceTimes times_;
};

namespace {

BatchingOptions WithModelsBatch(BatchingOptions options, const Model& model) {
  options.max_batch = std::max<int64_t>(1, model.signature().max_batch);
  return options;
}

}  // namespace

ServedModel::ServedModel(std::string name, std::string version, std::shared_ptr<const Model> model,
                         BatchingOptions batching, const Collaborators& collaborators)
    : name_(std::move(name)),
      version_(std::move(version)),
      model_(std::move(model)),
      collaborators_(collaborators),
      batcher_(collaborators.pool, WithModelsBatch(batching, *model_), *this,
               collaborators.queue_observer) {}

std::vector<TensorType> ServedModel::OutputTypes(int64_t samples) const {
  std::vector<TensorType> types;
  for (const TensorSpec& output : signature().outputs) {
    types.push_back(output.type);
    if (signature().max_batch > 0) types.back().shape[0] = samples;
  }
  return types;
}

absl::Status ServedModel::Submit(InferenceRequest request) {
  auto inference = std::make_unique<InferenceTask>(std::move(request), collaborators_.clock.Now());
  std::unique_ptr<Task> task = std::move(inference);
  return batcher_.Submit(task);
}

// The samples of all requests stand in one row; the runs divide it anew, so that a run may hold
// several requests, and a request may be spread over several runs.
void ServedModel::RunBatch(Batch batch, int worker) {
  WorkerState& state = collaborators_.states.at(worker);
  const TimePoint dequeued = collaborators_.clock.Now();
  int64_t samples = 0;
  for (const auto& task : batch) {
    static_cast<InferenceTask&>(*task).times().dequeued = dequeued;
    samples += task->samples();
  }
  auto next = batch.begin();
  int64_t next_row = 0;
  std::vector<InferenceTask*> tasks;  // of the run, and the rows of each
  std::vector<RequestRows> rows;
  for (const int64_t size : SplitIntoPrograms(samples, model_->batch_sizes())) {
    tasks.clear();
    rows.clear();
    for (int64_t free = size; free > 0;) {
      auto& task = static_cast<InferenceTask&>(**next);
      const int64_t count = std::min(free, task.samples() - next_row);
      free -= count;
      tasks.push_back(&task);
      rows.push_back({task.request(), next_row, count});
      next_row = rows.back().last() ? 0 : next_row + count;
      if (next_row == 0) ++next;
    }
    RunProgram(model_->ProgramFor(size), tasks, rows, state);
  }
}

void ServedModel::RunProgram(const std::shared_ptr<const Program>& program,
                             std::span<InferenceTask* const> tasks,
                             std::span<const RequestRows> rows, WorkerState& state) {
  const Clock& clock = collaborators_.clock;
  const TimePoint begin = clock.Now();
  int64_t samples = 0;
  for (const RequestRows& of : rows) samples += of.rows;
  const BatchTensors tensors(*program, rows, state.scratch);
  const TimePoint input_ready = clock.Now();
  state.context.Run(program, tensors.inputs(), tensors.outputs());
  const TimePoint computed = clock.Now();
  tensors.Scatter();
  const TimePoint output_ready = clock.Now();
  collaborators_.run_observer.OnBatchRun(samples, static_cast<int64_t>(tasks.size()),
                                         output_ready - begin);
  for (size_t i = 0; i < tasks.size(); ++i) {
    InferenceTimes& times = tasks[i]->times();
    times.input_ready = input_ready;
    times.computed = computed;
    times.output_ready = output_ready;
    times.batch = std::max(times.batch, samples);
    if (rows[i].last()) tasks[i]->Complete();
  }
}

}  // namespace rectifier
