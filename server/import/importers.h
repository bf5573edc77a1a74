#pragma once

#include <filesystem>
#include <span>

#include "absl/status/statusor.h"
#include "server/import/model_importer.h"

namespace rectifier {

// All importers, one for each format.
std::span<const ModelImporter* const> Importers();

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
