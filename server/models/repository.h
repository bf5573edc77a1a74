#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace rectifier {

// A model as it was found on disk.
struct RepositoryEntry {
  std::string name;
  std::string version;         // "0" when the folder holds no version
  std::filesystem::path path;  // of the version's folder
  absl::Status status;         // why it cannot be looked at any further
};

// A model repository is a folder with a folder for each model, named as the model is, and in it one
// for each version, named by its number:
//
//   repository/digits_prelu/1/model.onnx
//
// Returns the highest version of each model, ordered by name; a folder with a name that no model
// may have, or without a version, is an entry with an error. Files and hidden folders are passed
// over.
//
// NOT_FOUND when `root` is no folder or holds no model; the message begins with `root`.
absl::StatusOr<std::vector<RepositoryEntry>> ScanRepository(const std::filesystem::path& root);

// The path of the model that a person means: a model file, a version's folder, or a model's folder,
// of which the highest version is taken. What comes back is one of the first two. NOT_FOUND begins
// with `path`, which is for that person only.
absl::StatusOr<std::filesystem::path> ResolveModelPath(const std::filesystem::path& path);

}  // namespace rectifier
