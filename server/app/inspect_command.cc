#include <iostream>

#include "server/app/commands.h"
#include "server/app/exit_codes.h"
#include "server/app/load_options.h"
#include "server/app/model_text.h"
#include "server/core/status.h"
#include "server/engine/onednn/onednn_compiler.h"
#include "server/graph/text.h"
#include "server/models/model.h"

namespace rectifier {
namespace {

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

}  // namespace

int Inspect(const InspectOptions& options) {
  PassOptions passes;
  passes.disabled.insert(options.without.begin(), options.without.end());
  const auto loaded = LoadNamedGraph(options.model, passes);
  if (!loaded.ok()) return Fail(loaded.status());
  std::cout << fmt::format("{} ({}), {} bytes of constants\n", loaded->imported.name,
                           loaded->platform, ConstantBytes(loaded->imported))
            << PortsText(loaded->imported) << "operators\n  " << OperatorCounts(loaded->imported)
            << "\npasses\n";
  std::vector<std::vector<std::string>> rows;
  for (const PassReport& report : loaded->passes) {
    rows.push_back({report.name, fmt::format("{} changed", report.changes),
                    fmt::format("{:.2f} ms", Seconds(report.time) * 1e3)});
  }
  std::cout << Table(rows) << "operators after them\n  " << OperatorCounts(loaded->optimized)
            << "\n";
  const auto compiler = NewOneDnnCompiler({});
  const auto probe = CompileProbe(*compiler, loaded->optimized);
  const absl::Status status = probe.status();
  if (status.ok()) {
    std::cout << "rectifiers (batch of 1, oneDNN " << OneDnnVersion() << ", " << OneDnnIsa() << ")\n"
              << RectifierTable(loaded->optimized, *probe->program);
  }
  if (options.graph == "before" || options.graph == "both") {
    std::cout << "graph before the passes\n" << PrintGraph(loaded->imported);
  }
  if (options.graph == "after" || options.graph == "both") {
    std::cout << "graph after the passes\n" << PrintGraph(loaded->optimized);
  }
  return status.ok() ? kExitDone : Fail(status);
}

}  // namespace rectifier
