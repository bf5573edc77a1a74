#include "server/models/served_model.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "server/core/check.h"
#include "server/core/status.h"

namespace rectifier {

class ServedModel::InferenceTask final : public Task {
 public:
  InferenceTask(InferenceRequest request, ServedModel& served)
      : Task(request.samples, Bytes(request), request.deadline),
        served_(served),
        request_(std::move(request)) {
    times_.enqueued = served.collaborators_.clock.Now();
  }

  bool cancelled() const override { return request_.cancelled && request_.cancelled(); }
  void Drop(const absl::Status& status) override {
    served_.statistics_.RecordFailure(served_.collaborators_.clock.Now() - times_.enqueued);
    request_.done(status, times_);
  }
  void Complete() {
    served_.statistics_.RecordSuccess(samples(), times_);
    request_.done(absl::OkStatus(), times_);
  }

  // Samples of a batch have the same shape.
  bool CanShareBatch(const Task& other) const override {
    const auto& inputs = static_cast<const InferenceTask&>(other).request_.inputs;
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (!SampleShapesAgree(request_.inputs[i].type.shape, inputs[i].type.shape)) return false;
    }
    return true;
  }

  const InferenceRequest& request() const { return request_; }
  InferenceTimes& times() { return times_; }

 private:
  static bool SampleShapesAgree(const Shape& a, const Shape& b) {
    return a.rank() == b.rank() &&
           std::equal(a.dims().begin() + std::min(1, a.rank()), a.dims().end(),
                      b.dims().begin() + std::min(1, b.rank()));
  }

  static size_t Bytes(const InferenceRequest& request) {
    size_t bytes = 0;
    for (const TensorView& input : request.inputs) bytes += input.bytes.size();
    for (const MutableTensorView& output : request.outputs) bytes += output.bytes.size();
    return bytes;
  }

  ServedModel& served_;
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

absl::Status ServedModel::Submit(InferenceRequest request) {
  std::unique_ptr<Task> task = std::make_unique<InferenceTask>(std::move(request), *this);
  absl::Status submitted = batcher_.Submit(task);
  if (!submitted.ok()) statistics_.RecordFailure(Duration::zero());
  return submitted;
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
  const std::vector<int64_t> sizes = SplitIntoPrograms(samples, model_->batch_sizes());
  const auto programs = Programs(static_cast<InferenceTask&>(*batch.front()), sizes);
  if (!programs.ok()) {
    for (const auto& task : batch) task->Drop(programs.status());
    return;
  }
  auto next = batch.begin();
  int64_t next_row = 0;
  std::vector<InferenceTask*> tasks;  // of the run, and the rows of each
  std::vector<RequestRows> rows;
  for (size_t run = 0; run < sizes.size(); ++run) {
    tasks.clear();
    rows.clear();
    for (int64_t free = sizes[run]; free > 0;) {
      auto& task = static_cast<InferenceTask&>(**next);
      const int64_t count = std::min(free, task.samples() - next_row);
      free -= count;
      tasks.push_back(&task);
      rows.push_back({task.request(), next_row, count});
      next_row = rows.back().last() ? 0 : next_row + count;
      if (next_row == 0) ++next;
    }
    RunProgram((*programs)[run], tasks, rows, state);
  }
}

absl::StatusOr<std::vector<std::shared_ptr<const Program>>> ServedModel::Programs(
    const InferenceTask& task, std::span<const int64_t> sizes) const {
  std::vector<std::shared_ptr<const Program>> programs;
  for (const int64_t size : sizes) {
    if (!model_->has_dynamic_shapes()) {
      programs.push_back(model_->ProgramFor(size));
      continue;
    }
    std::vector<Shape> shapes;
    for (const TensorView& input : task.request().inputs) {
      shapes.push_back(input.type.shape);
      if (signature().max_batch > 0) shapes.back()[0] = size;
    }
    const TimePoint begin = collaborators_.clock.Now();
    RECTIFIER_ASSIGN_OR_RETURN(ProgramCache::Lookup lookup, model_->ProgramFor(shapes));
    if (lookup.built) {
      collaborators_.run_observer.OnProgramBuilt(static_cast<int64_t>(lookup.cached),
                                                 collaborators_.clock.Now() - begin);
    }
    programs.push_back(std::move(lookup.program));
  }
  return programs;
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
  statistics_.RecordRun({samples, begin, input_ready, computed, output_ready});
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
