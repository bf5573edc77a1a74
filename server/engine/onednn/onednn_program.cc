#include "server/engine/onednn/onednn_program.h"

#include <omp.h>

#include <utility>

#include "server/core/check.h"

namespace rectifier::onednn {
namespace {

class OneDnnBinding final : public Binding {
 public:
  OneDnnBinding(const ProgramParts& parts, std::byte* arena)
      : parts_(parts),
        stream_(parts.engine),
        externals_(parts.inputs.size() + parts.outputs.size()) {
    size_t arguments = 0;
    for (const Step& step : parts.steps) arguments += step.arguments.size();
    memories_.reserve(arguments);
    calls_.reserve(parts.steps.size());
    for (const Step& step : parts.steps) AddCall(step, arena);
  }

  void Run(std::span<const TensorView> inputs,
           std::span<const MutableTensorView> outputs) override {
    Prepare(inputs, outputs);
    for (const Call& call : calls_) Execute(call);
    stream_.wait();
  }

  void RunTimed(std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs,
                const Clock& clock, std::span<Duration> step_times) override {
    RECTIFIER_CHECK(step_times.size() == calls_.size());
    Prepare(inputs, outputs);
    TimePoint begin = clock.Now();
    for (size_t i = 0; i < calls_.size(); ++i) {
      Execute(calls_[i]);
      stream_.wait();
      const TimePoint end = clock.Now();
      step_times[i] = end - begin;
      begin = end;
    }
  }

 private:
  struct Call {
    const_dnnl_primitive_t primitive = nullptr;  // one of the two
    const Kernel* kernel = nullptr;
    const Repetition* repetition = nullptr;
    std::vector<dnnl_exec_arg_t> arguments;
    size_t first_memory = 0;
    int threads = 1;
  };

  // Before the steps of a run.
  void Prepare(std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs) {
    RECTIFIER_CHECK(inputs.size() == parts_.inputs.size());
    RECTIFIER_CHECK(outputs.size() == parts_.outputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      RECTIFIER_CHECK(inputs[i].type == parts_.inputs[i].type);
      // Steps write to no input's buffer but those that are scratch.
      SetExternal(i, const_cast<std::byte*>(inputs[i].bytes.data()));
    }
    for (size_t i = 0; i < outputs.size(); ++i) {
      RECTIFIER_CHECK(outputs[i].type == parts_.outputs[i].type);
      SetExternal(inputs.size() + i, outputs[i].bytes.data());
    }
    threads_ = 0;
  }

  void Execute(const Call& call) {
    if (call.threads != threads_) {
      // GNU OpenMP keeps this per calling thread.
      omp_set_num_threads(call.threads);
      threads_ = call.threads;
    }
    if (call.kernel != nullptr) {
      RunKernel(call);
      return;
    }
    if (call.repetition->times() != 1) {
      ExecuteRepeatedly(call);
      return;
    }
    ExecutePrimitive(call);
  }

  void ExecuteRepeatedly(const Call& call) {
    const Repetition& repetition = *call.repetition;
    operands_.clear();
    for (size_t i = 0; i < repetition.moves.size(); ++i) {
      const dnnl::memory& memory = memories_[call.first_memory + i];
      operands_.push_back(static_cast<std::byte*>(memory.get_data_handle()));
    }
    const auto move_to = [&](int64_t outer, int64_t inner) {
      for (size_t i = 0; i < operands_.size(); ++i) {
        const Repetition::Move& move = repetition.moves[i];
        memories_[call.first_memory + i].set_data_handle(operands_[i] + outer * move.outer +
                                                         inner * move.inner);
      }
    };
    for (int64_t outer = 0; outer < repetition.outer; ++outer) {
      for (int64_t inner = 0; inner < repetition.inner; ++inner) {
        move_to(outer, inner);
        ExecutePrimitive(call);  // the stream does it at once
      }
    }
    move_to(0, 0);
  }

  void ExecutePrimitive(const Call& call) {
    const dnnl_status_t status =
        dnnl_primitive_execute(call.primitive, stream_.get(),
                               static_cast<int>(call.arguments.size()), call.arguments.data());
    RECTIFIER_CHECK(status == dnnl_success);
  }

  void RunKernel(const Call& call) {
    operands_.clear();
    for (size_t i = 0; i < call.arguments.size(); ++i) {
      const dnnl::memory& memory = memories_[call.first_memory + i];
      operands_.push_back(static_cast<std::byte*>(memory.get_data_handle()));
    }
    (*call.kernel)(operands_);
  }

  size_t ExternalIndex(const Buffer& buffer) const {
    const auto port = static_cast<size_t>(buffer.port);
    return buffer.kind == Buffer::Kind::kInput ? port : parts_.inputs.size() + port;
  }

  void AddCall(const Step& step, std::byte* arena) {
    Call call;
    call.first_memory = memories_.size();
    call.threads = step.threads;
    call.repetition = &step.repetition;
    for (const Step::Argument& argument : step.arguments) {
      const Buffer& buffer = parts_.buffers[static_cast<size_t>(argument.operand.buffer)];
      void* handle = nullptr;
      switch (buffer.kind) {
        case Buffer::Kind::kArena:
          handle = arena + buffer.offset;
          break;
        case Buffer::Kind::kConstant:
          handle = const_cast<std::byte*>(buffer.constant);
          break;
        case Buffer::Kind::kInput:
        case Buffer::Kind::kOutput:
          externals_[ExternalIndex(buffer)].push_back(memories_.size());
          break;
      }
      memories_.emplace_back(argument.operand.desc, parts_.engine, handle);
      call.arguments.push_back({argument.name, memories_.back().get()});
    }
    if (const auto* primitive = std::get_if<dnnl::primitive>(&step.code)) {
      call.primitive = primitive->get();
    } else {
      call.kernel = &std::get<Kernel>(step.code);
    }
    calls_.push_back(std::move(call));
  }

  void SetExternal(size_t index, std::byte* handle) {
    for (const size_t memory : externals_[index]) memories_[memory].set_data_handle(handle);
  }

  const ProgramParts& parts_;
  dnnl::stream stream_;
  std::vector<dnnl::memory> memories_;
  std::vector<Call> calls_;
  std::vector<std::byte*> operands_;  // of the step that runs
  int threads_ = 0;                   // that OpenMP was told to use; 0: not yet in this run
  std::vector<std::vector<size_t>>
      externals_;  // of each input, then output: memories that point there
};

}  // namespace

std::unique_ptr<Binding> OneDnnProgram::Bind(std::byte* arena) const noexcept {
  return std::make_unique<OneDnnBinding>(parts_, arena);
}

}  // namespace rectifier::onednn
