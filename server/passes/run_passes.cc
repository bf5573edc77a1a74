#include "server/passes/run_passes.h"

#include <algorithm>

#include "server/core/status.h"
#include "server/graph/verifier.h"
#include "server/ops/infer_types.h"

namespace rectifier {

absl::StatusOr<std::vector<PassReport>> RunPasses(Graph& graph, const PassContext& context,
                                                  const PassOptions& options, const Clock& clock) {
  const auto passes = PassList();
  for (const std::string& name : options.disabled) {
    if (std::none_of(passes.begin(), passes.end(), [&](const Pass& p) { return p.name == name; })) {
      return InvalidArgument(name, "there is no pass of this name");
    }
  }
  std::vector<PassReport> reports;
  for (const Pass& pass : passes) {
    if (options.disabled.contains(pass.name)) continue;
    const std::string place = fmt::format("pass {}", pass.name);
    const TimePoint start = clock.Now();
    const absl::StatusOr<int> changes = pass.run(graph, context);
    if (!changes.ok()) return At(place, changes.status());
    RECTIFIER_RETURN_IF_ERROR(At(place, VerifyGraph(graph)));
    RECTIFIER_RETURN_IF_ERROR(At(place, InferTypes(graph)));
    reports.push_back({std::string(pass.name), *changes, clock.Now() - start});
  }
  return reports;
}

}  // namespace rectifier
