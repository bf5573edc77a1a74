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

// A primitive may be executed outer · inner times.
struct Repetition {
  struct Move {  // bytes by which an argument's place moves on
    int64_t outer = 0;
    int64_t inner = 0;
  };
  int64_t outer = 1;
  int64_t inner = 1;
  std::vector<Move> moves = {};  // of the first arguments; the others stay

  int64_t times() const { return outer * inner; }
};

struct Step {
  struct Argument {
    int name = 0;  // DNNL_ARG_…
    Operand operand;
  };
  std::variant<dnnl::primitive, Kernel> code;
  std::vector<Argument> arguments;
  int threads = 1;  // that it was made for
  Repetition repetition = {};
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
