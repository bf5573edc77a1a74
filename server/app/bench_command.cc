#include <algorithm>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <vector>

#include "server/app/commands.h"
#include "server/app/exit_codes.h"
#include "server/app/load_options.h"
#include "server/app/model_text.h"
#include "server/app/program_profile.h"
#include "server/app/tensor_files.h"
#include "server/core/status.h"
#include "server/engine/bind_shapes.h"
#include "server/engine/execution_context.h"
#include "server/engine/onednn/onednn_compiler.h"
#include "server/graph/text.h"
#include "server/models/model.h"

namespace rectifier {
namespace {

struct Measurement {
  int64_t batch = 0;
  int threads = 0;
  double median_ms = 0;
  double min_ms = 0;
  int64_t runs = 0;
  std::optional<ProgramProfile> profile;
};

absl::StatusOr<std::vector<Shape>> ShapesFor(const Graph& graph,
                                             const std::map<std::string, Shape>& given,
                                             int64_t batch) {
  std::vector<Shape> shapes;
  size_t used = 0;
  for (const ValueId id : graph.inputs()) {
    const Value& value = graph.value(id);
    Shape shape = value.type->shape;
    const bool batched = HasDynamicBatch(shape);
    if (const auto found = given.find(value.name); found != given.end()) {
      ++used;
      shape = found->second;
    }
    if (batched && shape.rank() > 0) shape[0] = batch;
    if (!shape.IsStatic()) {
      return InvalidArgument(value.name, "has shape {}: give it with --shape {}=…",
                             shape.ToString(), value.name);
    }
    shapes.push_back(shape);
  }
  const auto open = [&](ValueId id) { return HasDynamicBatch(graph.value(id).type->shape); };
  if (batch != 1 && std::none_of(graph.inputs().begin(), graph.inputs().end(), open)) {
    return InvalidArgument("--batch", "the model's first dimension is fixed: expected 1, got {}",
                           batch);
  }
  if (used != given.size()) {
    return InvalidArgument("--shape", "names an input that the model does not have");
  }
  return shapes;
}

Measurement Measure(const std::shared_ptr<const Program>& program, double seconds,
                    std::span<const TensorView> inputs,
                    std::span<const MutableTensorView> outputs) {
  ExecutionContext context;
  const Clock& clock = SteadyClock();
  constexpr int kWarmUp = 3;
  for (int i = 0; i < kWarmUp; ++i) context.Run(program, inputs, outputs);
  constexpr size_t kMinRuns = 5;
  std::vector<double> times;
  const TimePoint start = clock.Now();
  while (times.size() < kMinRuns || Seconds(clock.Now() - start) < seconds) {
    const TimePoint begin = clock.Now();
    context.Run(program, inputs, outputs);
    times.push_back(Seconds(clock.Now() - begin) * 1e3);
  }
  std::sort(times.begin(), times.end());
  return {0, 0, times[times.size() / 2], times.front(), static_cast<int64_t>(times.size()), {}};
}

absl::StatusOr<Measurement> MeasureOne(const Graph& graph,
                                       const std::map<std::string, Shape>& given, int64_t batch,
                                       int threads, const BenchOptions& options) {
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<Shape> shapes, ShapesFor(graph, given, batch));
  const auto compiler = NewOneDnnCompiler({threads});
  // The weights are packed for a single sample first, as in the server.
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<Shape> single, ShapesFor(graph, given, 1));
  RECTIFIER_RETURN_IF_ERROR(compiler->Compile(graph, single).status());
  RECTIFIER_ASSIGN_OR_RETURN(const auto program, compiler->Compile(graph, shapes));
  std::vector<Tensor> inputs;
  std::vector<Tensor> outputs;
  inputs.reserve(shapes.size());
  for (const Program::Port& port : program->inputs()) {
    inputs.push_back(SeededTensor(port.type, inputs.size() + 1));
  }
  for (const Program::Port& port : program->outputs()) {
    RECTIFIER_ASSIGN_OR_RETURN(Tensor output, Tensor::Allocate(port.type));
    outputs.push_back(std::move(output));
  }
  std::vector<TensorView> from;
  std::vector<MutableTensorView> to;
  from.reserve(inputs.size());
  to.reserve(outputs.size());
  for (const Tensor& input : inputs) from.push_back(input.view());
  for (Tensor& output : outputs) to.push_back(output.mutable_view());
  Measurement measurement = Measure(program, options.seconds, from, to);
  measurement.batch = batch;
  measurement.threads = threads;
  if (options.profile) {
    RECTIFIER_ASSIGN_OR_RETURN(const Graph bound,
                               BindShapes(graph, shapes, ComputeWith(NewOneDnnCompiler)));
    measurement.profile = ProfileProgram(program, bound, from, to, options.seconds, SteadyClock());
  }
  return measurement;
}

absl::StatusOr<std::vector<Measurement>> MeasureAll(const BenchOptions& options) {
  RECTIFIER_ASSIGN_OR_RETURN(const LoadedGraph loaded,
                             LoadNamedGraph(options.model, {{}, options.relaxed_forms}));
  std::map<std::string, Shape> given;
  for (const std::string& text : options.shapes) {
    RECTIFIER_ASSIGN_OR_RETURN(const auto assignment, SplitAssignment(text));
    RECTIFIER_ASSIGN_OR_RETURN(given[assignment.first], ParseShape(assignment.second));
  }
  std::vector<Measurement> measurements;
  for (const int threads : options.threads) {
    for (const int64_t batch : options.batches) {
      RECTIFIER_ASSIGN_OR_RETURN(const Measurement measurement,
                                 MeasureOne(loaded.optimized, given, batch, threads, options));
      measurements.push_back(measurement);
    }
  }
  return measurements;
}

nlohmann::ordered_json Json(const ProgramProfile& profile) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const StepProfile& step : profile.steps) {
    list.push_back({{"node", step.info.node},
                    {"step", step.info.op},
                    {"implementation", step.info.implementation},
                    {"detail", step.info.detail},
                    {"ms", step.ms},
                    {"gflop", step.gflop},
                    {"bytes", step.info.bytes}});
  }
  return list;
}

std::string Json(const std::vector<Measurement>& measurements) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Measurement& m : measurements) {
    list.push_back({{"batch", m.batch},
                    {"threads", m.threads},
                    {"median_ms", m.median_ms},
                    {"min_ms", m.min_ms},
                    {"runs", m.runs}});
    if (m.profile) list.back()["profile"] = Json(*m.profile);
  }
  return list.dump(2) + "\n";
}

std::string Text(const std::vector<Measurement>& measurements) {
  std::vector<std::vector<std::string>> rows = {
      {"batch", "threads", "median ms", "min ms", "samples/s", "runs"}};
  for (const Measurement& m : measurements) {
    rows.push_back({std::to_string(m.batch), std::to_string(m.threads),
                    fmt::format("{:.4f}", m.median_ms), fmt::format("{:.4f}", m.min_ms),
                    fmt::format("{:.0f}", static_cast<double>(m.batch) / m.median_ms * 1e3),
                    std::to_string(m.runs)});
  }
  std::string text = Table(rows);
  for (const Measurement& m : measurements) {
    if (!m.profile) continue;
    text += fmt::format("\nBatch {}, {} threads, step by step\n", m.batch, m.threads);
    text += ProfileText(*m.profile);
  }
  return text;
}

}  // namespace

int Bench(const BenchOptions& options) {
  const auto measurements = MeasureAll(options);
  if (!measurements.ok()) {
    std::cerr << "rectifier bench: " << Message(measurements.status()) << "\n";
    return measurements.status().code() == absl::StatusCode::kNotFound ? kExitUsage : kExitFailed;
  }
  std::cout << (options.json ? Json(*measurements) : Text(*measurements));
  return kExitDone;
}

}  // namespace rectifier
