#pragma once

#include <dnnl.hpp>
#include <memory>
#include <variant>
#include <vector>

#include "server/engine/onednn/kernel.h"
#include "server/engine/onednn/layout.h"
#include "server/engine/program.h"

namespace rectifier::onednn {

// A piece of memory that steps read and write.
struct Buffer {
  enum class Kind { kArena, kConstant, kInput, kOutput };
  Kind kind = Kind::kArena;
  size_t bytes = 0;
  size_t offset = 0;                    // kArena: in the arena
  const std::byte* constant = nullptr;  // kConstant
  int port = -1;                        // kInput, kOutput
};

// A tensor in a buffer: which, and how it lies there.
struct Operand {
  int buffer = -1;
  Desc desc;
};

struct Step {
  struct Argument {
    int name = 0;  // DNNL_ARG_…
    Operand operand;
  };
  std::variant<dnnl::primitive, Kernel> code;
  std::vector<Argument> arguments;
  int threads = 1;  // that it was made for
  // A primitive may be executed several times: for each of them, how many bytes behind its place
  // each argument lies. Empty: once, without.
  std::vector<std::vector<int64_t>> executions = {};
};

// What a ProgramBuilder hands over.
struct ProgramParts {
  dnnl::engine engine;
  std::vector<Program::Port> inputs;
  std::vector<Program::Port> outputs;
  std::vector<Buffer> buffers;
  std::vector<Step> steps;
  std::vector<StepInfo> step_infos;  // one for each step
  size_t arena_bytes = 0;
  std::vector<std::shared_ptr<const void>> constants;  // kept alive
};

class OneDnnProgram final : public Program {
 public:
  explicit OneDnnProgram(ProgramParts parts) : parts_(std::move(parts)) {}

  const std::vector<Port>& inputs() const override { return parts_.inputs; }
  const std::vector<Port>& outputs() const override { return parts_.outputs; }
  const std::vector<StepInfo>& steps() const override { return parts_.step_infos; }
  size_t arena_bytes() const override { return parts_.arena_bytes; }
  // What it makes of oneDNN fails only when memory runs out, which ends the process.
  std::unique_ptr<Binding> Bind(std::byte* arena) const noexcept override;

 private:
  ProgramParts parts_;
};

}  // namespace rectifier::onednn
