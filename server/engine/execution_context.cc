#include "server/engine/execution_context.h"

#include <algorithm>
#include <utility>

#include "server/core/status.h"

namespace rectifier {

Binding& ExecutionContext::Bound(const std::shared_ptr<const Program>& program) {
  if (const auto found = index_.find(program.get()); found != index_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
    return *found->second->binding;
  }
  if (program->arena_bytes() > arena_.size()) {
    // Every binding points into the arena, so a larger one begins anew.
    index_.clear();
    entries_.clear();
    arena_ = AlignedBuffer();
    arena_ = AlignedBuffer(program->arena_bytes());
  }
  if (entries_.size() >= max_bindings_) {
    index_.erase(entries_.back().program.get());
    entries_.pop_back();
  }
  entries_.push_front({program, program->Bind(arena_.data())});
  index_.emplace(program.get(), entries_.begin());
  return *entries_.front().binding;
}

void ExecutionContext::Run(const std::shared_ptr<const Program>& program,
                           std::span<const TensorView> inputs,
                           std::span<const MutableTensorView> outputs) {
  Bound(program).Run(inputs, outputs);
}

void ExecutionContext::RunTimed(const std::shared_ptr<const Program>& program,
                                std::span<const TensorView> inputs,
                                std::span<const MutableTensorView> outputs, const Clock& clock,
                                std::span<Duration> step_times) {
  Bound(program).RunTimed(inputs, outputs, clock, step_times);
}

absl::StatusOr<std::vector<Tensor>> ExecutionContext::Run(
    const std::shared_ptr<const Program>& program, std::span<const TensorView> inputs) {
  std::vector<Tensor> tensors;
  std::vector<MutableTensorView> outputs;
  for (const Program::Port& port : program->outputs()) {
    RECTIFIER_ASSIGN_OR_RETURN(Tensor tensor, Tensor::Allocate(port.type));
    tensors.push_back(std::move(tensor));
    outputs.push_back(tensors.back().mutable_view());
  }
  Run(program, inputs, outputs);
  return tensors;
}

}  // namespace rectifier
