#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/engine/compiler.h"
#include "server/engine/program.h"
#include "server/graph/graph.h"

namespace rectifier {

// An activation of a network, as `inspect` shows it.
struct RectifierInfo {
  struct Slopes {
    float min = 0;
    double mean = 0;
    float max = 0;
  };

  std::string node;
  std::string form;    // "PRelu", or the formula that it was found in
  std::string origin;  // "hyperparameter", "learned", "none (ReLU)", "recognised"
  Shape slope_shape;
  std::optional<Slopes> slopes;           // nullopt when they are computed
  std::optional<std::string> post_op_of;  // the node that it is fused into
  std::string implementation;             // of the steps that carry it out; "-" when there are none
};

// Of all Rectifiers of a graph, in its order, with the Program that was compiled from it.
std::vector<RectifierInfo> DescribeRectifiers(const Graph& graph, const Program& program);

// What a network costs to keep and to run.
struct NetworkCost {
  int64_t parameters = 0;  // elements of its f32 constants
  double gflop = 0;        // of its convolutions and matrix products, for one sample
  // Of Programs for several batches.
  struct Memory {
    int64_t batch = 1;
    int64_t arena_bytes = 0;  // each worker's
  };
  std::vector<Memory> memory;
  int64_t weight_bytes = 0;  // shared by all
  int64_t steps = 0;         // of the Program for one sample
  int64_t reorders = 0;      // those that only change a layout
};

// `size` is for dynamic dimensions other than the batch, as of a Probe. Batches that cannot be
// compiled are left out.
absl::StatusOr<NetworkCost> MeasureCost(const Graph& graph, CompilerFactory new_compiler,
                                        int64_t size);

}  // namespace rectifier
