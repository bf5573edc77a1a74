#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/core/clock.h"
#include "server/core/tensor.h"

namespace rectifier {

// What a step of a Program is, for people and tests.
struct StepInfo {
  std::string node;            // the graph node that it comes from
  std::string op;              // "Conv", "Rectifier", …; "Reorder" for a change of layout
  std::string implementation;  // the engine's name for the code that runs: "brgconv:avx512_core"
  std::string detail;          // post-ops, shapes
  int64_t bytes = 0;           // of all that it reads and writes, weights included, each once
};

// A Program prepared for one arena of scratch memory: the argument tables are built once.
//
// Threading: one call at a time.
class Binding {
 public:
  virtual ~Binding() = default;

  // Runs the program. Tensors are in the order of Program::inputs() and outputs(), of exactly those
  // types (checked), contiguous in row-major order.
  virtual void Run(std::span<const TensorView> inputs,
                   std::span<const MutableTensorView> outputs) = 0;

  // The same, and says in `step_times`, which has an entry for each of Program::steps(), what each
  // took.
  virtual void RunTimed(std::span<const TensorView> inputs,
                        std::span<const MutableTensorView> outputs, const Clock& clock,
                        std::span<Duration> step_times) = 0;
};

// A Program is a graph compiled for one set of input shapes. It is immutable: every byte that
// changes when it runs is in the arena that it is bound to.
//
// Threading: safe from any thread.
class Program {
 public:
  struct Port {
    std::string name;
    TensorType type;
  };

  virtual ~Program() = default;

  virtual const std::vector<Port>& inputs() const = 0;
  virtual const std::vector<Port>& outputs() const = 0;

  // In the order in which they run.
  virtual const std::vector<StepInfo>& steps() const = 0;

  // Bytes of memory that Bind() needs, for intermediate tensors and scratchpads together.
  virtual size_t arena_bytes() const = 0;

  // `arena` has arena_bytes(), is aligned to kTensorAlignment and, like the program, outlives the
  // binding. Several bindings may share an arena as long as one runs at a time.
  virtual std::unique_ptr<Binding> Bind(std::byte* arena) const = 0;
};

}  // namespace rectifier
