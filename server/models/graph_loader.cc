#include "server/models/graph_loader.h"

#include <optional>
#include <utility>
#include <vector>

#include "server/core/status.h"
#include "server/engine/constant_node.h"
#include "server/import/importers.h"
#include "server/passes/rewrite.h"

namespace rectifier {

namespace {

// Far more than a network computes of constants, and few enough that a hostile file is refused
// soon.
constexpr int kMaxFolded = 20'000;

// Folds with the engine, as long as what is made stays small.
NodeFolder FoldingWith(CompilerFactory new_compiler) {
  return [compute = ComputeWith(new_compiler), room = kMaxAddedBytes, left = kMaxFolded](
             const Graph& graph,
             const Node& node) mutable -> absl::StatusOr<std::optional<std::vector<Tensor>>> {
    if (left == 0) return std::nullopt;
    RECTIFIER_ASSIGN_OR_RETURN(auto values, FoldNode(graph, node, room, compute));
    if (values) {
      --left;
      for (const Tensor& value : *values) room -= static_cast<int64_t>(value.bytes().size());
    }
    return values;
  };
}

}  // namespace

absl::StatusOr<LoadedGraph> LoadGraph(const std::filesystem::path& path, const ImportLimits& limits,
                                      const PassOptions& passes, CompilerFactory new_compiler,
                                      const Clock& clock) {
  RECTIFIER_ASSIGN_OR_RETURN(const ModelFile found, FindModelFile(path));
  LoadedGraph loaded;
  loaded.platform = found.importer->format();
  RECTIFIER_ASSIGN_OR_RETURN(loaded.imported,
                             found.importer->Import(found.file, limits, FoldingWith(new_compiler)));
  loaded.optimized = loaded.imported;
  RECTIFIER_ASSIGN_OR_RETURN(
      loaded.passes,
      RunPasses(loaded.optimized, PassContext{new_compiler, passes.relaxed_forms}, passes, clock));
  return loaded;
}

}  // namespace rectifier
