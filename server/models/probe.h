#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "server/engine/compiler.h"
#include "server/graph/graph.h"

namespace rectifier {

// Whether dimension 0 is open: what an input of a batched model has.
bool HasDynamicBatch(const Shape& shape);

// Whether an input has a dynamic dimension, and whether one has another than the first.
bool HasDynamicDims(const Graph& graph);
bool HasDynamicShapes(const Graph& graph);

// The shapes of the graph's inputs, with dimension 0 set to `batch` and others to `size` where they
// are dynamic.
std::vector<Shape> InputShapes(const Graph& graph, int64_t batch, int64_t size);

// A network compiled for one sample, with a size for its dynamic dimensions that it can be run at.
struct Probe {
  int64_t size = 1;
  std::shared_ptr<const Program> program;
};

// Tries sizes that are common for pictures, sounds and series until one suits the network. The
// error is that of the first.
absl::StatusOr<Probe> CompileProbe(Compiler& compiler, const Graph& graph);

}  // namespace rectifier
