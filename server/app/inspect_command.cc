#include <iostream>
#include <nlohmann/json.hpp>

#include "server/app/commands.h"
#include "server/app/exit_codes.h"
#include "server/app/graph_dot.h"
#include "server/app/load_options.h"
#include "server/app/model_text.h"
#include "server/app/network_report.h"
#include "server/core/status.h"
#include "server/engine/onednn/onednn_compiler.h"
#include "server/graph/text.h"
#include "server/models/probe.h"

namespace rectifier {
namespace {

using Json = nlohmann::ordered_json;

int Fail(const absl::Status& status) {
  std::cerr << "rectifier inspect: " << Message(status) << "\n";
  return status.code() == absl::StatusCode::kNotFound ? kExitUsage : kExitFailed;
}

int64_t ConstantBytes(const Graph& graph) {
  int64_t bytes = 0;
  for (ValueId id = 0; id < graph.value_count(); ++id) {
    if (const Tensor* tensor = graph.constant(id)) {
      bytes += static_cast<int64_t>(tensor->bytes().size());
    }
  }
  return bytes;
}

// What is known of a network once it is compiled.
struct Inspection {
  LoadedGraph loaded;
  std::vector<RectifierInfo> rectifiers;
  NetworkCost cost;
};

absl::Status Compile(Inspection& inspection) {
  const Graph& graph = inspection.loaded.optimized;
  const auto compiler = NewOneDnnCompiler({});
  RECTIFIER_ASSIGN_OR_RETURN(const Probe probe, CompileProbe(*compiler, graph));
  inspection.rectifiers = DescribeRectifiers(graph, *probe.program);
  RECTIFIER_ASSIGN_OR_RETURN(inspection.cost, MeasureCost(graph, NewOneDnnCompiler, probe.size));
  return absl::OkStatus();
}

void PrintText(const Inspection& inspection, bool compiled) {
  const LoadedGraph& loaded = inspection.loaded;
  std::cout << fmt::format("{} ({}), {} bytes of constants\n", loaded.imported.name,
                           loaded.platform, ConstantBytes(loaded.imported))
            << PortsText(loaded.imported) << "operators\n  " << OperatorCounts(loaded.imported)
            << "\npasses\n";
  std::vector<std::vector<std::string>> rows;
  for (const PassReport& report : loaded.passes) {
    rows.push_back({report.name, fmt::format("{} changed", report.changes),
                    fmt::format("{:.2f} ms", Seconds(report.time) * 1e3)});
  }
  std::cout << Table(rows) << "operators after them\n  " << OperatorCounts(loaded.optimized)
            << "\n";
  if (!compiled) return;
  std::cout << "rectifiers (batch of 1, oneDNN " << OneDnnVersion() << ", " << OneDnnIsa() << ")\n"
            << RectifierTable(inspection.rectifiers) << "cost\n"
            << CostText(inspection.cost);
}

Json ShapeJson(const Shape& shape) {
  Json dims = Json::array();
  for (const int64_t dim : shape.dims()) dims.push_back(dim);
  return dims;
}

Json PortJson(const std::string& name, const TensorType& type) {
  return {{"name", name},
          {"datatype", std::string(ProtocolName(type.dtype))},
          {"shape", ShapeJson(type.shape)}};
}

Json RectifierJson(const RectifierInfo& info) {
  Json json = {{"node", info.node},
               {"form", info.form},
               {"origin", info.origin},
               {"slope_shape", ShapeJson(info.slope_shape)}};
  if (info.slopes) {
    json["slope_min"] = info.slopes->min;
    json["slope_mean"] = info.slopes->mean;
    json["slope_max"] = info.slopes->max;
  }
  json["post_op_of"] = info.post_op_of ? Json(*info.post_op_of) : Json(nullptr);
  json["implementation"] = info.implementation;
  return json;
}

// Dynamic dimensions are −1, as in the protocol.
Json InspectionJson(const Inspection& inspection) {
  const LoadedGraph& loaded = inspection.loaded;
  Json json = {{"name", loaded.imported.name}, {"platform", loaded.platform}};
  json["inputs"] = Json::array();
  for (const ValueId id : loaded.imported.inputs()) {
    const Value& value = loaded.imported.value(id);
    json["inputs"].push_back(PortJson(value.name, *value.type));
  }
  json["outputs"] = Json::array();
  for (const Graph::Output& output : loaded.imported.outputs()) {
    json["outputs"].push_back(PortJson(output.name, *loaded.imported.value(output.value).type));
  }
  json["operators"] = {{"before", CountOperators(loaded.imported)},
                       {"after", CountOperators(loaded.optimized)}};
  json["passes"] = Json::array();
  for (const PassReport& report : loaded.passes) {
    json["passes"].push_back(
        {{"name", report.name}, {"changes", report.changes}, {"ms", Seconds(report.time) * 1e3}});
  }
  json["rectifiers"] = Json::array();
  for (const RectifierInfo& info : inspection.rectifiers) {
    json["rectifiers"].push_back(RectifierJson(info));
  }
  const NetworkCost& cost = inspection.cost;
  json["parameters"] = cost.parameters;
  json["gflop"] = cost.gflop;
  json["weight_bytes"] = cost.weight_bytes;
  json["steps"] = cost.steps;
  json["reorders"] = cost.reorders;
  json["memory"] = Json::array();
  for (const NetworkCost::Memory& memory : cost.memory) {
    json["memory"].push_back({{"batch", memory.batch}, {"arena_bytes", memory.arena_bytes}});
  }
  return json;
}

}  // namespace

int Inspect(const InspectOptions& options) {
  PassOptions passes;
  passes.disabled.insert(options.without.begin(), options.without.end());
  passes.relaxed_forms = options.relaxed_forms;
  Inspection inspection;
  auto loaded = LoadNamedGraph(options.model, passes);
  if (!loaded.ok()) return Fail(loaded.status());
  inspection.loaded = *std::move(loaded);
  const bool before = options.graph == "before" || options.graph == "both";
  const bool after = options.graph == "after" || options.graph == "both";
  if (options.dot) {
    if (before) std::cout << GraphDot(inspection.loaded.imported);
    if (after || !before) std::cout << GraphDot(inspection.loaded.optimized);
    return kExitDone;
  }
  const absl::Status status = Compile(inspection);
  if (options.json) {
    if (status.ok()) std::cout << InspectionJson(inspection).dump(2) << "\n";
    return status.ok() ? kExitDone : Fail(status);
  }
  PrintText(inspection, status.ok());
  if (before) std::cout << "graph before the passes\n" << PrintGraph(inspection.loaded.imported);
  if (after) std::cout << "graph after the passes\n" << PrintGraph(inspection.loaded.optimized);
  return status.ok() ? kExitDone : Fail(status);
}

}  // namespace rectifier
