#include "server/engine/split_program.h"

#include <algorithm>
#include <utility>

#include "server/core/status.h"

namespace rectifier {
namespace {

size_t RoundUp(size_t bytes) {
  return (bytes + kTensorAlignment - 1) / kTensorAlignment * kTensorAlignment;
}

// Of all chunks together; the compiler has checked that they can be counted.
size_t HandedOverBytes(const Program::Port& port, size_t times) {
  return static_cast<size_t>(*CheckedByteSize(port.type)) * times;
}

class SplitBinding final : public Binding {
 public:
  SplitBinding(const BatchSplit& split, const Program& front, const Program* rest, std::byte* arena)
      : times_(static_cast<size_t>(split.samples / split.chunk)), batched_(split.batched) {
    for (const Program::Port& port : front.inputs()) chunk_inputs_.push_back({port.type, {}});
    for (const Program::Port& port : front.outputs()) {
      chunk_outputs_.push_back({port.type, {}});
      if (rest == nullptr) continue;
      const size_t bytes = HandedOverBytes(port, times_);
      handed_over_.emplace_back(arena, bytes);
      arena += RoundUp(bytes);
    }
    if (rest != nullptr) {
      for (const Program::Port& port : rest->inputs()) rest_inputs_.push_back({port.type, {}});
      rest_ = rest->Bind(arena);
    }
    front_steps_ = front.steps().size();
    front_ = front.Bind(arena);
  }

  void Run(std::span<const TensorView> inputs,
           std::span<const MutableTensorView> outputs) override {
    for (size_t i = 0; i < times_; ++i) {
      TakeChunk(i, inputs, outputs);
      front_->Run(chunk_inputs_, chunk_outputs_);
    }
    if (rest_ == nullptr) return;
    TakeRest(inputs);
    rest_->Run(rest_inputs_, outputs);
  }

  void RunTimed(std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs,
                const Clock& clock, std::span<Duration> step_times) override {
    const auto of_front = step_times.subspan(0, front_steps_);
    std::fill(of_front.begin(), of_front.end(), Duration::zero());
    std::vector<Duration> once(front_steps_);
    for (size_t i = 0; i < times_; ++i) {
      TakeChunk(i, inputs, outputs);
      front_->RunTimed(chunk_inputs_, chunk_outputs_, clock, once);
      for (size_t step = 0; step < front_steps_; ++step) of_front[step] += once[step];
    }
    if (rest_ == nullptr) return;
    TakeRest(inputs);
    rest_->RunTimed(rest_inputs_, outputs, clock, step_times.subspan(front_steps_));
  }

 private:
  template <typename Bytes>
  Bytes Chunk(const Bytes& all, size_t i) const {
    const size_t size = all.size() / times_;
    return all.subspan(i * size, size);
  }

  void TakeChunk(size_t i, std::span<const TensorView> inputs,
                 std::span<const MutableTensorView> outputs) {
    for (size_t j = 0; j < inputs.size(); ++j) {
      chunk_inputs_[j].bytes = batched_[j] ? Chunk(inputs[j].bytes, i) : inputs[j].bytes;
    }
    for (size_t j = 0; j < chunk_outputs_.size(); ++j) {
      chunk_outputs_[j].bytes = Chunk(rest_ == nullptr ? outputs[j].bytes : handed_over_[j], i);
    }
  }

  void TakeRest(std::span<const TensorView> inputs) {
    for (size_t j = 0; j < inputs.size(); ++j) rest_inputs_[j].bytes = inputs[j].bytes;
    for (size_t j = 0; j < handed_over_.size(); ++j) {
      rest_inputs_[inputs.size() + j].bytes = handed_over_[j];
    }
  }

  size_t times_;
  const std::vector<bool>& batched_;
  size_t front_steps_ = 0;
  std::unique_ptr<Binding> front_;
  std::unique_ptr<Binding> rest_;
  std::vector<std::span<std::byte>> handed_over_;
  std::vector<TensorView> chunk_inputs_;
  std::vector<MutableTensorView> chunk_outputs_;
  std::vector<TensorView> rest_inputs_;
};

class SplitProgram final : public Program {
 public:
  SplitProgram(const BatchSplit& split, const Graph& bound, std::shared_ptr<const Program> front,
               std::shared_ptr<const Program> rest)
      : front_(std::move(front)), rest_(std::move(rest)) {
    split_.samples = split.samples;
    split_.chunk = split.chunk;
    split_.batched = split.batched;
    for (const ValueId id : bound.inputs()) {
      inputs_.push_back({bound.value(id).name, *bound.value(id).type});
    }
    for (const Graph::Output& output : bound.outputs()) {
      outputs_.push_back({output.name, *bound.value(output.value).type});
    }
    const int64_t times = split.samples / split.chunk;
    for (StepInfo step : front_->steps()) {
      step.detail += fmt::format("{}{} times", step.detail.empty() ? "" : ", ", times);
      step.bytes *= times;
      steps_.push_back(std::move(step));
    }
    arena_bytes_ = front_->arena_bytes();
    if (rest_ == nullptr) return;
    steps_.insert(steps_.end(), rest_->steps().begin(), rest_->steps().end());
    arena_bytes_ = std::max(arena_bytes_, rest_->arena_bytes());
    for (const Port& port : front_->outputs()) {
      arena_bytes_ += RoundUp(HandedOverBytes(port, static_cast<size_t>(times)));
    }
  }

  const std::vector<Port>& inputs() const override { return inputs_; }
  const std::vector<Port>& outputs() const override { return outputs_; }
  const std::vector<StepInfo>& steps() const override { return steps_; }
  size_t arena_bytes() const override { return arena_bytes_; }
  std::unique_ptr<Binding> Bind(std::byte* arena) const override {
    return std::make_unique<SplitBinding>(split_, *front_, rest_.get(), arena);
  }

 private:
  BatchSplit split_;  // without its graphs
  std::shared_ptr<const Program> front_;
  std::shared_ptr<const Program> rest_;
  std::vector<Port> inputs_;
  std::vector<Port> outputs_;
  std::vector<StepInfo> steps_;
  size_t arena_bytes_ = 0;
};

}  // namespace

std::shared_ptr<const Program> JoinSplit(const BatchSplit& split, const Graph& bound,
                                         std::shared_ptr<const Program> front,
                                         std::shared_ptr<const Program> rest) {
  return std::make_shared<SplitProgram>(split, bound, std::move(front), std::move(rest));
}

}  // namespace rectifier
