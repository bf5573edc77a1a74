#include "server/app/load_options.h"

#include <algorithm>

#include "server/app/resources.h"
#include "server/core/status.h"
#include "server/engine/onednn/onednn_compiler.h"
#include "server/models/repository.h"

namespace rectifier {

int WorkersFor(const ServeOptions& options) {
  if (options.workers > 0) return options.workers;
  return std::max(1, DefaultWorkers(AllowedCpus()) / options.intra_op_threads);
}

int EventThreadsFor(const ServeOptions& options) {
  if (options.event_threads > 0) return options.event_threads;
  constexpr int kCpusOfOne = 8;
  return (CpusWithinQuota(AllowedCpus()) + kCpusOfOne - 1) / kCpusOfOne;
}

Duration BusyPollFor(const ServeOptions& options) {
  // It would take the only CPU from those who are to send the next request.
  if (CpusWithinQuota(AllowedCpus()) < 2) return Duration::zero();
  return std::chrono::microseconds(options.busy_poll_us);
}

LoadOptions LoadOptionsFor(const ServeOptions& options) {
  LoadOptions load;
  const int64_t half = MemoryLimit() / 2;
  load.limits.allow_nan = options.allow_nan_weights;
  load.limits.max_constant_bytes = std::min(load.limits.max_constant_bytes, half);
  load.compiler.intra_op_threads = options.intra_op_threads;
  // The workers, and the one run at a time that finds out what batches cost.
  load.compiler.max_program_bytes = half / (WorkersFor(options) + 1);
  load.compiler.max_weight_bytes = half;
  load.passes.relaxed_forms = options.relaxed_forms;
  load.new_compiler = NewOneDnnCompiler;
  load.max_batch = options.max_batch_size;
  return load;
}

absl::StatusOr<LoadedGraph> LoadNamedGraph(const std::string& model, const PassOptions& passes) {
  RECTIFIER_ASSIGN_OR_RETURN(const std::filesystem::path path, ResolveModelPath(model));
  return LoadGraph(path, ImportLimits{}, passes, NewOneDnnCompiler, SteadyClock());
}

}  // namespace rectifier
