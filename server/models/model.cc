#include "server/models/model.h"

#include <malloc.h>

#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "server/batching/batching_policy.h"
#include "server/core/status.h"
#include "server/models/batch_separability.h"
#include "server/models/graph_loader.h"

namespace rectifier {
namespace {

// Dimension 0 of every input is open: what a batched model must have.
bool TakesBatches(const Graph& graph) {
  return !graph.inputs().empty() &&
         std::all_of(graph.inputs().begin(), graph.inputs().end(),
                     [&](ValueId id) { return HasDynamicBatch(graph.value(id).type->shape); });
}

// INVALID_ARGUMENT unless dimension 0 of every output is the batch.
absl::Status CheckBatchedOutputs(const Program& program, int64_t batch) {
  for (const Program::Port& output : program.outputs()) {
    const Shape& shape = output.type.shape;
    if (shape.rank() == 0 || shape[0] != batch) {
      return InvalidArgument(output.name, "has shape {} for a batch of {}", shape.ToString(),
                             batch);
    }
  }
  return absl::OkStatus();
}

absl::Status CheckNotStopped(const std::stop_token& stop) {
  return stop.stop_requested() ? absl::CancelledError("load: the server is stopping")
                               : absl::OkStatus();
}

// The ports of a Program as a signature; with dimension 0 dynamic when the model is batched.
std::vector<TensorSpec> Specs(const std::vector<Program::Port>& ports, bool batched) {
  std::vector<TensorSpec> specs;
  for (const Program::Port& port : ports) {
    specs.push_back({port.name, port.type});
    if (batched) specs.back().type.shape[0] = kDynamicDim;
  }
  return specs;
}

// The same for a graph with other dynamic dimensions.
std::vector<TensorSpec> InputSpecs(const Graph& graph) {
  std::vector<TensorSpec> specs;
  for (const ValueId id : graph.inputs()) {
    specs.push_back({graph.value(id).name, *graph.value(id).type});
  }
  return specs;
}

std::vector<TensorSpec> OutputSpecs(const Graph& graph, bool batched) {
  std::vector<TensorSpec> specs;
  for (const Graph::Output& output : graph.outputs()) {
    specs.push_back({output.name, *graph.value(output.value).type});
    if (batched) specs.back().type.shape[0] = kDynamicDim;
  }
  return specs;
}

struct BatchPrograms {
  std::vector<int64_t> sizes;
  std::vector<std::shared_ptr<const Program>> programs;
  std::string limit_reason;  // why there are no larger ones; empty when all were made
};

// The Programs for batches of 2 samples and more, up to the first that cannot be, or gives samples
// that depend on each other.
absl::StatusOr<BatchPrograms> CompileBatches(Compiler& compiler, const Graph& graph,
                                             const Probe& probe, const LoadOptions& options) {
  BatchPrograms batches;
  for (const int64_t batch : ProgramBatchSizes(options.max_batch)) {
    if (batch == 1) continue;
    RECTIFIER_RETURN_IF_ERROR(CheckNotStopped(options.stop));
    auto program = compiler.Compile(graph, InputShapes(graph, batch, probe.size));
    absl::Status status = program.status();
    if (status.ok()) status = CheckBatchedOutputs(**program, batch);
    if (status.ok()) status = CheckBatchSeparable(probe.program, *program);
    if (!status.ok()) {
      batches.limit_reason = std::string(Message(status));
      break;
    }
    batches.sizes.push_back(batch);
    batches.programs.push_back(*std::move(program));
  }
  return batches;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Model>> Model::Load(const std::filesystem::path& path,
                                                         const LoadOptions& options,
                                                         const Clock& clock) {
  // What loading took for a while is free by then, and the heap would keep it. Some tenths of a
  // millisecond, in which others may wait for the allocator.
  const absl::Cleanup give_memory_back = [] { malloc_trim(0); };
  RECTIFIER_ASSIGN_OR_RETURN(LoadedGraph loaded, LoadGraph(path, options.limits, options.passes,
                                                           options.new_compiler, clock));
  RECTIFIER_RETURN_IF_ERROR(CheckNotStopped(options.stop));
  loaded.imported = Graph();  // lets go of the weights that the passes have replaced
  Graph& graph = loaded.optimized;
  std::unique_ptr<Compiler> compiler = options.new_compiler(options.compiler);
  std::shared_ptr<Model> model(new Model());
  RECTIFIER_ASSIGN_OR_RETURN(Probe probe, CompileProbe(*compiler, graph));
  model->batch_sizes_ = {1};
  model->programs_ = {probe.program};

  bool batched = options.max_batch > 0 && TakesBatches(graph);
  if (batched) {
    const absl::Status outputs = CheckBatchedOutputs(*probe.program, 1);
    batched = outputs.ok();
    if (!batched) model->batch_limit_reason_ = std::string(Message(outputs));
  }
  if (batched) {
    RECTIFIER_ASSIGN_OR_RETURN(BatchPrograms batches,
                               CompileBatches(*compiler, graph, probe, options));
    model->batch_limit_reason_ = std::move(batches.limit_reason);
    model->batch_sizes_.insert(model->batch_sizes_.end(), batches.sizes.begin(),
                               batches.sizes.end());
    model->programs_.insert(model->programs_.end(), batches.programs.begin(),
                            batches.programs.end());
  }
  model->signature_ = {loaded.platform, Specs(probe.program->inputs(), batched),
                       Specs(probe.program->outputs(), batched),
                       batched ? model->batch_sizes_.back() : 0};
  model->weight_bytes_ = compiler->weight_bytes();
  // A first dimension that turned out not to be the batch is a dynamic one like others.
  if (HasDynamicShapes(graph) || (!batched && HasDynamicDims(graph))) {
    model->signature_.inputs = InputSpecs(graph);
    model->signature_.outputs = OutputSpecs(graph, batched);
    model->programs_.clear();
    model->cache_ = std::make_unique<ProgramCache>(std::move(graph), std::move(compiler),
                                                   options.new_compiler(options.compiler),
                                                   options.max_cached_programs);
  }
  return model;
}

absl::StatusOr<ProgramCache::Lookup> Model::ProgramFor(std::span<const Shape> input_shapes) const {
  RECTIFIER_CHECK(cache_ != nullptr);
  return cache_->Get(input_shapes);
}

absl::StatusOr<std::vector<TensorType>> Model::OutputTypes(
    int64_t samples, std::span<const Shape> input_shapes) const {
  if (cache_ != nullptr) return cache_->OutputTypes(input_shapes);
  std::vector<TensorType> types;
  for (const TensorSpec& output : signature_.outputs) {
    types.push_back(output.type);
    if (signature_.max_batch > 0) types.back().shape[0] = samples;
  }
  return types;
}

const std::shared_ptr<const Program>& Model::ProgramFor(int64_t batch) const {
  const auto found = std::lower_bound(batch_sizes_.begin(), batch_sizes_.end(), batch);
  RECTIFIER_CHECK(found != batch_sizes_.end() && *found == batch);
  return programs_[static_cast<size_t>(found - batch_sizes_.begin())];
}

}  // namespace rectifier
