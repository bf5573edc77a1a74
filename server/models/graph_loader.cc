#include "server/models/graph_loader.h"

#include <utility>

#include "server/core/status.h"
#include "server/import/importers.h"

namespace rectifier {

absl::StatusOr<LoadedGraph> LoadGraph(const std::filesystem::path& path, const ImportLimits& limits,
                                      const PassOptions& passes, CompilerFactory new_compiler,
                                      const Clock& clock) {
  RECTIFIER_ASSIGN_OR_RETURN(const ModelFile found, FindModelFile(path));
  LoadedGraph loaded;
  loaded.platform = found.importer->format();
  RECTIFIER_ASSIGN_OR_RETURN(loaded.imported, found.importer->Import(found.file, limits));
  loaded.optimized = loaded.imported;
  RECTIFIER_ASSIGN_OR_RETURN(
      loaded.passes,
      RunPasses(loaded.optimized, PassContext{new_compiler, passes.relaxed_forms}, passes, clock));
  return loaded;
}

}  // namespace rectifier
