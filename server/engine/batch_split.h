#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "server/engine/constant_node.h"
#include "server/graph/graph.h"

namespace rectifier {

// A batch need not go through a network as a whole. Early layers have large tensors and few
// weights: there it is faster to take some samples as far as their tensors stay in the processor's
// caches, and then the next; late layers have it the other way round. So a bound graph
// may be split in two: a front, compiled for a chunk of the samples and run for one chunk after the
// other, and a rest that takes all samples at once.
//
// What the front hands over is in the order [samples, spatial…, channels], so that nothing is moved
// on the way. Results do not change, not in a bit: see docs/adr/0014.
struct BatchSplit {
  int64_t samples = 0;
  int64_t chunk = 0;          // divides `samples`
  std::vector<bool> batched;  // of each input of the graph: whether it has samples
  Graph front;                // its outputs are those of the graph when there is no rest
  std::optional<Graph> rest;  // reads the graph's inputs, then what the front hands over
};

struct BatchSplitOptions {
  int64_t cache_bytes = int64_t{1} << 20;   // second level, of all threads that run a Program
  int64_t least_chunk = 1;                  // a sample for each thread
  int64_t last_cache_bytes = INT64_MAX;     // third level, as much of it as may be counted on
  int64_t much_memory = int64_t{16} << 20;  // to need less of, for which alone it is split
};

// The split of `graph`, bound to `input_shapes` as `bound`, that is the fastest by a model of the
// cache, and of those that are about as fast the one that needs the least memory; nullopt when that
// is neither much faster nor much smaller than the whole batch at once.
absl::StatusOr<std::optional<BatchSplit>> SplitBatch(const Graph& graph, const Graph& bound,
                                                     std::span<const Shape> input_shapes,
                                                     const BatchSplitOptions& options,
                                                     const ComputeConstants& compute);

}  // namespace rectifier
