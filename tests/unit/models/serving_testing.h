#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "server/core/mutex.h"
#include "server/models/served_model.h"
#include "tests/support/latch_counter.h"
#include "tests/unit/batching/fake_runner.h"
#include "tests/unit/models/model_testing.h"

namespace rectifier {

// A run of a Program: its samples, and from how many requests they came.
using BatchRun = std::pair<int64_t, int64_t>;

// Remembers the runs of a model. Safe from any thread.
class RunLog final : public BatchRunObserver {
 public:
  void OnProgramBuilt(int64_t cached, Duration /*time*/) override {
    MutexLock lock(mutex_);
    cached_.push_back(cached);
  }
  void OnRun(const Run& run) override {
    MutexLock lock(mutex_);
    runs_.emplace_back(run.samples, run.requests);
    padding_ += run.padding;
    busy_ += run.busy;
  }
  int64_t padding() {
    MutexLock lock(mutex_);
    return padding_;
  }
  std::vector<BatchRun> runs() {
    MutexLock lock(mutex_);
    return runs_;
  }
  std::vector<int64_t> cached() {
    MutexLock lock(mutex_);
    return cached_;
  }
  Duration busy() {
    MutexLock lock(mutex_);
    return busy_;
  }

 private:
  Mutex mutex_;
  std::vector<BatchRun> runs_ RECTIFIER_GUARDED_BY(mutex_);
  std::vector<int64_t> cached_ RECTIFIER_GUARDED_BY(mutex_);  // after each Program that was built
  int64_t padding_ RECTIFIER_GUARDED_BY(mutex_) = 0;
  Duration busy_ RECTIFIER_GUARDED_BY(mutex_){};
};

// The memory of one request, and how it ended. Inputs and outputs lie `misalignment` bytes past an
// aligned address, as they may on the wire.
class Call {
 public:
  Call(const Servable& servable, std::vector<Tensor> inputs, int64_t samples,
       size_t misalignment = 0)
      : inputs_(std::move(inputs)), samples_(samples), misalignment_(misalignment) {
    for (const Tensor& input : inputs_) {
      input_bytes_.emplace_back(misalignment + input.bytes().size());
      std::copy(input.bytes().begin(), input.bytes().end(),
                input_bytes_.back().data() + misalignment);
    }
    std::vector<Shape> shapes;
    for (const Tensor& input : inputs_) shapes.push_back(input.shape());
    const auto types = servable.OutputTypes(samples, shapes);
    RECTIFIER_CHECK(types.ok());
    for (const TensorType& type : *types) {
      output_types_.push_back(type);
      output_bytes_.emplace_back(misalignment + static_cast<size_t>(*CheckedByteSize(type)));
    }
  }

  InferenceRequest Request() {
    InferenceRequest request;
    request.samples = samples_;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      request.inputs.push_back(TensorView{
          inputs_[i].type(), {input_bytes_[i].data() + misalignment_, inputs_[i].bytes().size()}});
    }
    for (size_t i = 0; i < output_types_.size(); ++i) {
      const bool wanted = unwanted_outputs.count(i) == 0;
      request.outputs.push_back(
          {output_types_[i], wanted ? OutputBytes(i) : std::span<std::byte>()});
    }
    request.cancelled = [this] { return cancelled.load(); };
    request.done = [this](const absl::Status& status, const InferenceTimes& when) {
      statuses.push_back(status);
      times = when;
      ended.Add();
    };
    return request;
  }

  const std::vector<Tensor>& inputs() const { return inputs_; }
  int64_t samples() const { return samples_; }
  std::vector<std::vector<std::byte>> Outputs() {
    std::vector<std::vector<std::byte>> outputs;
    for (size_t i = 0; i < output_types_.size(); ++i) {
      const auto bytes = OutputBytes(i);
      outputs.emplace_back(bytes.begin(), bytes.end());
    }
    return outputs;
  }
  // How it ended, once it has.
  absl::Status Wait() {
    ended.WaitFor(1);
    return statuses[0];
  }

  std::atomic<bool> cancelled = false;
  std::set<size_t> unwanted_outputs;
  std::vector<absl::Status> statuses;  // one for each time that it was told that it is done
  InferenceTimes times;
  LatchCounter ended;

 private:
  std::span<std::byte> OutputBytes(size_t i) {
    return std::span(output_bytes_[i]).subspan(misalignment_);
  }

  std::vector<Tensor> inputs_;
  int64_t samples_;
  size_t misalignment_;
  std::vector<std::vector<std::byte>> input_bytes_;
  std::vector<TensorType> output_types_;
  std::vector<std::vector<std::byte>> output_bytes_;
};

// A pool, and what a ServedModel needs besides it.
struct Serving {
  explicit Serving(const Clock& the_clock, int workers = 1)
      : clock(the_clock), pool(workers, the_clock), states(workers) {}

  template <typename Source>
  std::unique_ptr<ServedModel> Serve(const Source& source, int64_t max_batch,
                                     const ServingOptions& options = {}) {
    return std::make_unique<ServedModel>(
        "m", "1", MustLoad(source, EngineOptions(max_batch)), options,
        ServedModel::Collaborators{pool, states, queue, runs, clock});
  }

  const Clock& clock;
  FakeObserver queue;
  RunLog runs;
  WorkerPool pool;
  WorkerStates states;
};

}  // namespace rectifier
