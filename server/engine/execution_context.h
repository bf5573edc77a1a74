#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "server/core/tensor.h"
#include "server/engine/program.h"

namespace rectifier {

// An ExecutionContext holds everything that changes while Programs run on one thread: the arena and
// the argument tables of the Programs that were run lately.
//
// Threading: one thread at a time; a worker owns one.
class ExecutionContext {
 public:
  // Bindings kept, least recently used first out. A model has one Program for each power of two up
  // to its largest batch, so this is room for about ten models.
  explicit ExecutionContext(size_t max_bindings = 64) : max_bindings_(max_bindings) {}

  // As Binding::Run(). The context keeps `program` alive until its binding is dropped.
  void Run(const std::shared_ptr<const Program>& program, std::span<const TensorView> inputs,
           std::span<const MutableTensorView> outputs);

  // As Binding::RunTimed().
  void RunTimed(const std::shared_ptr<const Program>& program, std::span<const TensorView> inputs,
                std::span<const MutableTensorView> outputs, const Clock& clock,
                std::span<Duration> step_times);

  // As Run(), with outputs of its own. INVALID_ARGUMENT when their size overflows.
  absl::StatusOr<std::vector<Tensor>> Run(const std::shared_ptr<const Program>& program,
                                          std::span<const TensorView> inputs);

  size_t arena_bytes() const { return arena_.size(); }

 private:
  struct Entry {
    std::shared_ptr<const Program> program;
    std::unique_ptr<Binding> binding;
  };

  Binding& Bound(const std::shared_ptr<const Program>& program);

  size_t max_bindings_;
  AlignedBuffer arena_;
  std::list<Entry> entries_;  // most recently used first
  std::unordered_map<const Program*, std::list<Entry>::iterator> index_;
};

}  // namespace rectifier
