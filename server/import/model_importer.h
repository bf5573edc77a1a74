#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/graph/graph.h"
#include "server/import/limits.h"

namespace rectifier {

// The values of a node's outputs when they follow from constants and known shapes alone, else
// nullopt: so that an importer knows what files compute instead of saying it. Empty: it does not.
using NodeFolder = std::function<absl::StatusOr<std::optional<std::vector<Tensor>>>(
    const Graph& graph, const Node& node)>;

// Reads model files of one format.
//
// Threading: const and without state, safe from any thread.
class ModelImporter {
 public:
  virtual ~ModelImporter() = default;

  virtual std::string_view format() const = 0;     // "onnx"
  virtual std::string_view extension() const = 0;  // of a file's name: ".onnx"
  virtual std::string_view file_name() const = 0;  // in a version's folder: "model.onnx"

  // The file's network, verified and with the types of all values; nodes that `fold` has values for
  // are constants. Inputs, outputs and values have the file's own names.
  //
  // The file is untrusted. An error of the file as a whole begins with the file's name without its
  // folders; other errors name node, operator and attribute, one problem a line, with the code of
  // the first: INVALID_ARGUMENT what is wrong, UNIMPLEMENTED what is not supported,
  // RESOURCE_EXHAUSTED what is above the limits. NOT_FOUND when there is no such file.
  virtual absl::StatusOr<Graph> Import(const std::filesystem::path& file,
                                       const ImportLimits& limits,
                                       const NodeFolder& fold) const = 0;
};

}  // namespace rectifier
