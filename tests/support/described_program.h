#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "server/engine/program.h"

namespace rectifier {

// A Program that consists of its description, and cannot be run.
class DescribedProgram final : public Program {
 public:
  DescribedProgram(std::vector<Port> inputs, std::vector<Port> outputs, std::vector<StepInfo> steps)
      : inputs_(std::move(inputs)), outputs_(std::move(outputs)), steps_(std::move(steps)) {}
  const std::vector<Port>& inputs() const override { return inputs_; }
  const std::vector<Port>& outputs() const override { return outputs_; }
  const std::vector<StepInfo>& steps() const override { return steps_; }
  size_t arena_bytes() const override { return 0; }
  std::unique_ptr<Binding> Bind(std::byte*) const override { return nullptr; }

 private:
  std::vector<Port> inputs_;
  std::vector<Port> outputs_;
  std::vector<StepInfo> steps_;
};

}  // namespace rectifier
