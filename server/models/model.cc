#include "server/models/model.h"

#include <algorithm>
#include <utility>

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

absl::StatusOr<std::shared_ptr<const Program>> CompileFor(Compiler& compiler, const Graph& graph,
                                                          int64_t batch) {
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<Shape> shapes, InputShapes(graph, batch));
  RECTIFIER_ASSIGN_OR_RETURN(auto program, compiler.Compile(graph, shapes));
  return program;
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

}  // namespace

bool HasDynamicBatch(const Shape& shape) { return shape.rank() > 0 && shape[0] == kDynamicDim; }

absl::StatusOr<std::vector<Shape>> InputShapes(const Graph& graph, int64_t batch) {
  std::vector<Shape> shapes;
  for (const ValueId id : graph.inputs()) {
    const Value& value = graph.value(id);
    Shape shape = value.type->shape;
    if (HasDynamicBatch(shape)) shape[0] = batch;
    if (!shape.IsStatic()) {
      return Unimplemented(value.name,
                           "input of shape {}: a dimension other than the first is dynamic, which "
                           "is not supported yet; export the model with a fixed one",
                           value.type->shape.ToString());
    }
    shapes.push_back(shape);
  }
  return shapes;
}

absl::StatusOr<std::shared_ptr<const Model>> Model::Load(const std::filesystem::path& path,
                                                         const LoadOptions& options,
                                                         const Clock& clock) {
  RECTIFIER_ASSIGN_OR_RETURN(LoadedGraph loaded, LoadGraph(path, options.limits, options.passes,
                                                           options.new_compiler, clock));
  RECTIFIER_RETURN_IF_ERROR(CheckNotStopped(options.stop));
  loaded.imported = Graph();  // lets go of the weights that the passes have replaced
  const Graph& graph = loaded.optimized;
  const std::unique_ptr<Compiler> compiler = options.new_compiler(options.compiler);
  std::shared_ptr<Model> model(new Model());
  RECTIFIER_ASSIGN_OR_RETURN(auto single, CompileFor(*compiler, graph, 1));
  model->batch_sizes_ = {1};
  model->programs_ = {std::move(single)};

  bool batched = TakesBatches(graph);
  if (batched) {
    const absl::Status outputs = CheckBatchedOutputs(*model->programs_[0], 1);
    batched = outputs.ok();
    if (!batched) model->batch_limit_reason_ = std::string(Message(outputs));
  }
  if (batched) {
    for (const int64_t batch : ProgramBatchSizes(options.max_batch)) {
      if (batch == 1) continue;
      RECTIFIER_RETURN_IF_ERROR(CheckNotStopped(options.stop));
      auto program = CompileFor(*compiler, graph, batch);
      absl::Status status = program.status();
      if (status.ok()) status = CheckBatchedOutputs(**program, batch);
      if (status.ok()) {
        status = CheckBatchSeparable(model->programs_[0], *program);
      }
      if (!status.ok()) {
        model->batch_limit_reason_ = std::string(Message(status));
        break;
      }
      model->batch_sizes_.push_back(batch);
      model->programs_.push_back(*std::move(program));
    }
  }
  const Program& first = *model->programs_[0];
  model->signature_ = {loaded.platform, Specs(first.inputs(), batched),
                       Specs(first.outputs(), batched), batched ? model->batch_sizes_.back() : 0};
  model->weight_bytes_ = compiler->weight_bytes();
  return model;
}

const std::shared_ptr<const Program>& Model::ProgramFor(int64_t batch) const {
  const auto found = std::lower_bound(batch_sizes_.begin(), batch_sizes_.end(), batch);
  RECTIFIER_CHECK(found != batch_sizes_.end() && *found == batch);
  return programs_[static_cast<size_t>(found - batch_sizes_.begin())];
}

}  // namespace rectifier
