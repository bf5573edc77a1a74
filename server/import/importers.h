#pragma once

#include <filesystem>
#include <optional>
#include <span>

#include "absl/status/statusor.h"
#include "server/import/model_importer.h"

namespace rectifier {

// All importers, one for each format.
std::span<const ModelImporter* const> Importers();

// Importers that parse in a process of their own start this program again. Every program that loads
// models calls this first: when it is such a process, it returns the exit code; nullopt otherwise.
std::optional<int> RunParserProcess(int argc, const char* const* argv);

// A model file and the importer that reads it.
struct ModelFile {
  const ModelImporter* importer;
  std::filesystem::path file;
};

// `path` is a model file, whose extension says which importer reads it, or a version's folder,
// which holds one file of the name that an importer looks for.
//
// NOT_FOUND when there is no such path or no model file in the folder; INVALID_ARGUMENT when there
// are several or the extension is not known. Messages begin with the last part of `path`.
absl::StatusOr<ModelFile> FindModelFile(
    const std::filesystem::path& path,
    std::span<const ModelImporter* const> importers = Importers());

}  // namespace rectifier
