#include "tests/fuzz/onnx_model.h"

#include "server/import/onnx/onnx_importer.h"
#include "tests/fuzz/imported_network.h"

namespace rectifier {

void LoadAndRunOnnx(std::string_view bytes) {
  absl::StatusOr<Graph> graph = ImportOnnx("model.onnx", bytes, SmallLimits(), SmallFolder());
  if (graph.ok()) OptimizeAndRun(*std::move(graph));
}

}  // namespace rectifier
