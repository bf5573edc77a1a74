#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "server/core/shape.h"
#include "server/engine/program.h"
#include "server/graph/graph.h"

namespace rectifier {

struct CompilerOptions {
  // Threads that one Program runs on (each worker brings its own).
  int intra_op_threads = 1;
  // Most memory that one Program may need to run: its arena, inputs and outputs. What a small file
  // can ask for has no other bound.
  int64_t max_program_bytes = int64_t{16} << 30;
  // Most memory for weights, packed and plain. A file can ask for one constant in many forms.
  int64_t max_weight_bytes = int64_t{16} << 30;
};

// A Compiler makes a model's Programs, one for each set of input shapes, and owns the weights that
// they share: the first Program decides how each weight is packed, the others use that copy.
//
// Threading: one call at a time. Its Programs keep what they need alive, so it may be destroyed
// before them.
class Compiler {
 public:
  virtual ~Compiler() = default;

  // Compiles `graph` for inputs of these shapes (in the order of graph.inputs()).
  //
  // INVALID_ARGUMENT or UNIMPLEMENTED names node and operator; so does RESOURCE_EXHAUSTED above
  // max_weight_bytes or max_program_bytes, before more than that is allocated.
  virtual absl::StatusOr<std::shared_ptr<const Program>> Compile(
      const Graph& graph, std::span<const Shape> input_shapes) = 0;

  // The types of the outputs for inputs of these shapes, with the same errors, but nothing is made.
  virtual absl::StatusOr<std::vector<TensorType>> OutputTypes(
      const Graph& graph, std::span<const Shape> input_shapes) = 0;

  // Bytes of the weights that its Programs hold, packed and plain, each counted once.
  virtual size_t weight_bytes() const = 0;
};

// Makes a Compiler for a model; called once per model. A function, so that tests can give another.
using CompilerFactory = std::unique_ptr<Compiler> (*)(const CompilerOptions& options);

}  // namespace rectifier
