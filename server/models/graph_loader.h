#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/core/clock.h"
#include "server/graph/graph.h"
#include "server/import/limits.h"
#include "server/passes/run_passes.h"

namespace rectifier {

// A network as it was read, and as it will be compiled.
struct LoadedGraph {
  std::string platform;  // the format: "onnx", "keras", …
  Graph imported;
  Graph optimized;
  std::vector<PassReport> passes;
};

// Reads the model at `path` (a file, or a version's folder) and runs the passes over it. Errors are
// the importer's: they name the file, without the folders that it is in, or node, operator and
// attribute.
absl::StatusOr<LoadedGraph> LoadGraph(const std::filesystem::path& path, const ImportLimits& limits,
                                      const PassOptions& passes, CompilerFactory new_compiler,
                                      const Clock& clock);

}  // namespace rectifier
