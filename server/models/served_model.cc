#include "server/models/served_model.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
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

// Rows of one request that are rows of one run: `rows` from `request_row` on.
struct ServedModel::Slice {
  InferenceTask* task;
  int64_t request_row;
  int64_t rows;
  bool last;  // of the request
};

namespace {

BatchingOptions WithModelsBatch(BatchingOptions options, const Model& model) {
  options.max_batch = std::max<int64_t>(1, model.signature().max_batch);
  return options;
}

// The rows [first, first + count) of `samples` rows that are `bytes`.
template <typename Byte>
std::span<Byte> Rows(std::span<Byte> bytes, int64_t samples, int64_t first, int64_t count) {
  const size_t row = bytes.size() / static_cast<size_t>(samples);
  return bytes.subspan(static_cast<size_t>(first) * row, static_cast<size_t>(count) * row);
}

bool AlignedForFloat(const std::byte* data) {
  return reinterpret_cast<uintptr_t>(data) % alignof(float) == 0;
}

// A buffer of at least `bytes`, kept for the next batch.
std::byte* Reuse(std::vector<AlignedBuffer>& buffers, size_t index, size_t bytes) {
  if (buffers.size() <= index) buffers.resize(index + 1);
  if (buffers[index].size() < bytes) buffers[index] = AlignedBuffer(bytes);
  return buffers[index].data();
}

}  // namespace

ServedModel::ServedModel(std::string name, std::string version, std::unique_ptr<const Model> model,
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
  std::vector<Slice> slices;
  for (const int64_t size : SplitIntoPrograms(samples, model_->batch_sizes())) {
    slices.clear();
    for (int64_t free = size; free > 0;) {
      auto& task = static_cast<InferenceTask&>(**next);
      const int64_t rows = std::min(free, task.samples() - next_row);
      free -= rows;
      const bool last = next_row + rows == task.samples();
      slices.push_back({&task, next_row, rows, last});
      next_row = last ? 0 : next_row + rows;
      if (last) ++next;
    }
    RunProgram(model_->ProgramFor(size), slices, state);
  }
}

void ServedModel::RunProgram(const std::shared_ptr<const Program>& program,
                             std::span<const Slice> slices, WorkerState& state) {
  const Clock& clock = collaborators_.clock;
  const TimePoint begin = clock.Now();
  // One request that fills the run is read and written where it lies.
  const bool whole = slices.size() == 1;
  std::vector<TensorView> inputs;
  for (size_t i = 0; i < program->inputs().size(); ++i) {
    const TensorType& type = program->inputs()[i].type;
    const auto rows_of = [&](const Slice& slice) {
      const InferenceRequest& request = slice.task->request();
      return Rows(request.inputs[i].bytes, request.samples, slice.request_row, slice.rows);
    };
    if (whole && AlignedForFloat(rows_of(slices[0]).data())) {
      inputs.push_back({type, rows_of(slices[0])});
      continue;
    }
    const auto bytes = static_cast<size_t>(type.shape.ElementCount() * ElementSize(type.dtype));
    std::byte* gathered = Reuse(state.inputs, i, bytes);
    inputs.push_back({type, {gathered, bytes}});
    for (const Slice& slice : slices) {
      const auto rows = rows_of(slice);
      std::memcpy(gathered, rows.data(), rows.size());
      gathered += rows.size();
    }
  }
  std::vector<MutableTensorView> outputs;
  std::vector<bool> scatter;
  const auto output_rows = [&](const Slice& slice, size_t i) {
    const InferenceRequest& request = slice.task->request();
    return Rows(request.outputs[i].bytes, request.samples, slice.request_row, slice.rows);
  };
  for (size_t i = 0; i < program->outputs().size(); ++i) {
    const TensorType& type = program->outputs()[i].type;
    const auto bytes = static_cast<size_t>(type.shape.ElementCount() * ElementSize(type.dtype));
    const auto direct = output_rows(slices[0], i);
    scatter.push_back(!whole || !AlignedForFloat(direct.data()));
    outputs.push_back(
        {type, scatter[i] ? std::span(Reuse(state.outputs, i, bytes), bytes) : direct});
  }
  const TimePoint input_ready = clock.Now();
  state.context.Run(program, inputs, outputs);
  const TimePoint computed = clock.Now();
  for (size_t i = 0; i < outputs.size(); ++i) {
    const std::byte* from = outputs[i].bytes.data();
    for (const Slice& slice : slices) {
      if (!scatter[i]) break;
      const auto rows = output_rows(slice, i);
      std::memcpy(rows.data(), from, rows.size());
      from += rows.size();
    }
  }
  const TimePoint output_ready = clock.Now();
  int64_t samples = 0;
  for (const Slice& slice : slices) samples += slice.rows;
  collaborators_.run_observer.OnBatchRun(samples, static_cast<int64_t>(slices.size()),
                                         output_ready - begin);
  for (const Slice& slice : slices) {
    InferenceTimes& times = slice.task->times();
    times.input_ready = input_ready;
    times.computed = computed;
    times.output_ready = output_ready;
    times.batch = std::max(times.batch, samples);
    if (slice.last) slice.task->Complete();
  }
}

}  // namespace rectifier
