#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/core/clock.h"
#include "server/graph/graph.h"
#include "server/passes/pass.h"

namespace rectifier {

struct PassOptions {
  std::set<std::string, std::less<>> disabled;  // names of passes that are left out
  bool relaxed_forms = false;                   // as in PassContext
};

// What one pass did.
struct PassReport {
  std::string name;
  int changes = 0;
  Duration time{};
};

// Runs every pass of PassList() that is not disabled, once, in order; after each the graph is
// verified and its types are inferred. INVALID_ARGUMENT for a disabled name that is no pass's; any
// other error names the pass and is a fault of the pass.
//
// Precondition: the graph is verified and typed.
absl::StatusOr<std::vector<PassReport>> RunPasses(Graph& graph, const PassContext& context,
                                                  const PassOptions& options, const Clock& clock);

}  // namespace rectifier
