#pragma once

#include <filesystem>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/graph/graph.h"
#include "server/import/limits.h"

namespace rectifier {

// Reads model files of one format.
//
// Threading: const and without state, safe from any thread.
class ModelImporter {
 public:
  virtual ~ModelImporter() = default;

  virtual std::string_view format() const = 0;     // "onnx"
  virtual std::string_view extension() const = 0;  // of a file's name: ".onnx"
  virtual std::string_view file_name() const = 0;  // in a version's folder: "model.onnx"

  // The file's network, verified and with the types of all values. Inputs, outputs and values have
  // the file's own names.
  //
  // The file is untrusted. An error of the file as a whole begins with the file's name without its
  // folders; other errors name node, operator and attribute, one problem a line, with the code of
  // the first: INVALID_ARGUMENT what is wrong, UNIMPLEMENTED what is not supported,
  // RESOURCE_EXHAUSTED what is above the limits. NOT_FOUND when there is no such file.
  virtual absl::StatusOr<Graph> Import(const std::filesystem::path& file,
                                       const ImportLimits& limits) const = 0;
};

}  // namespace rectifier
