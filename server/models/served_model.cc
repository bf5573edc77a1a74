#include "server/models/served_model.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <ctime>
#include <utility>

#include "server/core/check.h"
#include "server/core/mutex.h"
#include "server/core/status.h"
#include "server/graph/text.h"

namespace rectifier {

// A request and what is left of it. Its parts may run side by side.
class ServedModel::Pending {
 public:
  Pending(InferenceRequest&& request, ServedModel& served, int64_t parts)
      : request_(std::move(request)), served_(served), left_(parts) {
    times_.enqueued = served.collaborators_.clock.Now();
  }

  const InferenceRequest& request() const { return request_; }
  TimePoint enqueued() const { return times_.enqueued; }

  // Nobody waits for it any more: the client has gone, or another part has failed.
  bool cancelled() const { return failed_ || (request_.cancelled && request_.cancelled()); }

  // `parts` of it are over; the last ones end the request. `times`: of the part that was run.
  void End(const absl::Status& status, const InferenceTimes& times, int64_t parts = 1) {
    {
      MutexLock lock(mutex_);
      if (!status.ok()) failed_ = true;
      if (status_.ok()) status_ = status;
      const int64_t batch = std::max(times_.batch, times.batch);
      if (times.batch > 0 && times.output_ready >= times_.output_ready) times_ = times;
      times_.batch = batch;
      left_ -= parts;
      if (left_ > 0) return;
    }
    // The last part: nobody else is left who could change anything.
    if (status_.ok()) {
      served_.statistics_.RecordSuccess(request_.samples, times_);
    } else {
      served_.statistics_.RecordFailure(served_.collaborators_.clock.Now() - times_.enqueued);
    }
    request_.done(status_, times_);
  }

 private:
  const InferenceRequest request_;
  ServedModel& served_;
  std::atomic<bool> failed_ = false;
  Mutex mutex_;
  int64_t left_;
  absl::Status status_;
  InferenceTimes times_;
};

// Rows of a request that stay together: all of them, unless it is split.
class ServedModel::InferenceTask : public Task {
 public:
  InferenceTask(Pending& pending, int64_t first_row, int64_t rows, uint64_t cost_class)
      : Task({.samples = rows,
              .bytes = Bytes(pending.request()) / static_cast<size_t>(pending.request().samples) *
                       static_cast<size_t>(rows),
              .deadline = pending.request().deadline,
              .priority = pending.request().priority,
              .cost_class = cost_class}),
        pending_(pending),
        first_row_(first_row) {
    times_.enqueued = pending.enqueued();
  }

  bool cancelled() const override { return pending_.cancelled(); }
  void Drop(const absl::Status& status) override { pending_.End(status, times_); }
  void Complete() { pending_.End(absl::OkStatus(), times_); }

  // Samples of a batch have the same shape.
  bool CanShareBatch(const Task& other) const override {
    const auto& inputs = static_cast<const InferenceTask&>(other).request().inputs;
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (!SampleShapesAgree(request().inputs[i].type.shape, inputs[i].type.shape)) return false;
    }
    return true;
  }

  const InferenceRequest& request() const { return pending_.request(); }
  int64_t first_row() const { return first_row_; }
  InferenceTimes& times() { return times_; }

 private:
  static bool SampleShapesAgree(const Shape& a, const Shape& b) {
    return a.rank() == b.rank() &&
           std::equal(a.dims().begin() + std::min(1, a.rank()), a.dims().end(),
                      b.dims().begin() + std::min(1, b.rank()));
  }

  static size_t Bytes(const InferenceRequest& request) {
    size_t bytes = 0;
    for (const ScatteredTensor& input : request.inputs) bytes += input.bytes.size();
    for (const MutableTensorView& output : request.outputs) bytes += output.bytes.size();
    return bytes;
  }

  Pending& pending_;
  const int64_t first_row_;
  InferenceTimes times_;
};

struct ServedModel::OwnPending {
  Pending pending;
};

// A request that is not split, and its task.
class ServedModel::WholeRequest final : private OwnPending, public InferenceTask {
 public:
  WholeRequest(InferenceRequest&& request, ServedModel& served, uint64_t cost_class)
      : OwnPending{{std::move(request), served, 1}},
        InferenceTask(pending, 0, pending.request().samples, cost_class) {}
};

class ServedModel::PartOfRequest final : public InferenceTask {
 public:
  PartOfRequest(std::shared_ptr<Pending> pending, int64_t first_row, int64_t rows,
                uint64_t cost_class)
      : InferenceTask(*pending, first_row, rows, cost_class), kept_(std::move(pending)) {}

 private:
  const std::shared_ptr<Pending> kept_;
};

namespace {

BatchingOptions FilledIn(BatchingOptions options, const Model& model, int workers) {
  options.max_batch = std::max<int64_t>(1, model.signature().max_batch);
  if (options.max_concurrent <= 0 || options.max_concurrent > workers) {
    options.max_concurrent = workers;
  }
  return options;
}

ModelSignature SignatureOf(const Model& model, bool split_requests, int64_t max_parts) {
  ModelSignature signature = model.signature();
  if (split_requests) signature.max_samples = signature.max_batch * max_parts;
  return signature;
}

Duration ThreadTime() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// Of a request to a model with dynamic shapes: its samples' shapes as a number, never 0. (Shapes
// that give the same number by accident share a cost, not a batch.)
uint64_t CostClass(const InferenceRequest& request) {
  uint64_t hash = 14695981039346656037ULL;  // FNV-1a
  for (const ScatteredTensor& input : request.inputs) {
    const auto dims = input.type.shape.dims();
    for (size_t axis = 1; axis < dims.size(); ++axis) {
      hash = (hash ^ static_cast<uint64_t>(dims[axis])) * 1099511628211ULL;
    }
  }
  return hash == 0 ? 1 : hash;
}

}  // namespace

ServedModel::ServedModel(std::string name, std::string version, std::shared_ptr<const Model> model,
                         const ServingOptions& options, const Collaborators& collaborators)
    : name_(std::move(name)),
      version_(std::move(version)),
      model_(std::move(model)),
      signature_(SignatureOf(*model_, options.split_requests, kMaxParts)),
      batching_(FilledIn(options.batching, *model_, collaborators.pool.workers())),
      collaborators_(collaborators),
      batcher_(collaborators.pool, batching_, *this, collaborators.queue_observer) {}

absl::Status ServedModel::Submit(InferenceRequest request) {
  const int64_t samples = request.samples;
  const int64_t most = std::max<int64_t>({1, signature_.max_batch, signature_.max_samples});
  if (samples < 1 || samples > most) {
    statistics_.RecordFailure(Duration::zero());
    return InvalidArgument("batch", "expected 1 to {} samples, got {}", most, samples);
  }
  const int64_t part = std::max<int64_t>(1, signature_.max_batch);
  const int64_t parts = (samples + part - 1) / part;
  const uint64_t cost_class = model_->has_dynamic_shapes() ? CostClass(request) : 0;
  if (parts == 1) {
    const bool gathered = request.gathered;
    std::unique_ptr<Task> task =
        std::make_unique<WholeRequest>(std::move(request), *this, cost_class);
    absl::Status submitted = batcher_.Submit(task, gathered);
    if (!submitted.ok()) statistics_.RecordFailure(Duration::zero());
    return submitted;
  }
  const auto pending = std::make_shared<Pending>(std::move(request), *this, parts);
  for (int64_t i = 0; i < parts; ++i) {
    std::unique_ptr<Task> task = std::make_unique<PartOfRequest>(
        pending, i * part, std::min(part, samples - i * part), cost_class);
    absl::Status submitted = batcher_.Submit(task);
    if (submitted.ok()) continue;
    if (i == 0) {
      statistics_.RecordFailure(Duration::zero());
      return submitted;
    }
    // Those that are queued already end the request, with this.
    pending->End(submitted, {}, parts - i);
    break;
  }
  return absl::OkStatus();
}

// The samples of all tasks stand in one row; the runs divide it anew, so that a run may hold
// several tasks, and a task may be spread over several runs.
std::vector<MeasuredRun> ServedModel::RunBatch(FormedBatch batch, int worker) {
  WorkerState& state = collaborators_.states.at(worker);
  const TimePoint begin = collaborators_.clock.Now();
  for (const auto& task : batch.tasks) static_cast<InferenceTask&>(*task).times().dequeued = begin;
  const auto programs = Programs(static_cast<InferenceTask&>(*batch.tasks.front()), batch.runs);
  if (!programs.ok()) {
    for (const auto& task : batch.tasks) task->Drop(programs.status());
    return {};
  }
  std::vector<MeasuredRun> measured;
  auto next = batch.tasks.begin();
  int64_t next_row = 0;
  std::vector<InferenceTask*> tasks;  // of the run, and the rows of each
  std::vector<RequestRows> rows;
  for (size_t run = 0; run < batch.runs.size(); ++run) {
    tasks.clear();
    rows.clear();
    for (int64_t free = batch.runs[run]; free > 0 && next != batch.tasks.end();) {
      auto& task = static_cast<InferenceTask&>(**next);
      const int64_t count = std::min(free, task.samples() - next_row);
      free -= count;
      tasks.push_back(&task);
      rows.push_back({task.request(), task.first_row() + next_row, count});
      next_row += count;
      if (next_row < task.samples()) break;
      next_row = 0;
      ++next;
    }
    const Duration time = RunProgram((*programs)[run], batch.runs[run], tasks, rows, state);
    measured.push_back({batch.runs[run], time});
    if (next_row > 0) tasks.pop_back();  // the next run has the rest of it
    for (InferenceTask* task : tasks) task->Complete();
  }
  return measured;
}

Duration ServedModel::TimeProgram(int64_t size, ExecutionContext& context) const {
  const std::shared_ptr<const Program>& program = model_->ProgramFor(size);
  std::vector<Tensor> tensors;
  std::vector<TensorView> inputs;
  tensors.reserve(program->inputs().size());
  inputs.reserve(program->inputs().size());
  for (const Program::Port& port : program->inputs()) {
    tensors.push_back(SeededTensor(port.type, tensors.size() + 1));
  }
  for (const Tensor& tensor : tensors) inputs.push_back(tensor.view());
  const Duration begin = ThreadTime();
  // What it gives is of no use; that it runs was seen when the model was loaded.
  (void)context.Run(program, inputs);
  return ThreadTime() - begin;
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
    for (const ScatteredTensor& input : task.request().inputs) {
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

Duration ServedModel::RunProgram(const std::shared_ptr<const Program>& program, int64_t size,
                                 std::span<InferenceTask* const> tasks,
                                 std::span<const RequestRows> rows, WorkerState& state) {
  const Clock& clock = collaborators_.clock;
  const TimePoint begin = clock.Now();
  int64_t samples = 0;
  for (const RequestRows& of : rows) samples += of.rows;
  const BatchTensors tensors(*program, rows, size - samples, state.scratch);
  const TimePoint input_ready = clock.Now();
  state.context.Run(program, tensors.inputs(), tensors.outputs());
  const TimePoint computed = clock.Now();
  tensors.Scatter();
  const TimePoint output_ready = clock.Now();
  statistics_.RecordRun({samples, begin, input_ready, computed, output_ready});
  collaborators_.run_observer.OnRun({.samples = samples,
                                     .padding = size - samples,
                                     .requests = static_cast<int64_t>(tasks.size()),
                                     .busy = output_ready - begin});
  for (InferenceTask* task : tasks) {
    InferenceTimes& times = task->times();
    times.input_ready = input_ready;
    times.computed = computed;
    times.output_ready = output_ready;
    times.batch = std::max(times.batch, samples);
  }
  return output_ready - begin;
}

}  // namespace rectifier
