#include "server/models/configured_model.h"

#include <optional>
#include <system_error>
#include <utility>

#include "server/core/status.h"
#include "server/import/importers.h"
#include "server/models/config/config_file.h"
#include "server/models/config/network_match.h"
#include "server/models/registry.h"

namespace rectifier {
namespace {

namespace fs = std::filesystem;

// The folder of the model that `path` is a version of, if it is one.
std::optional<fs::path> ModelFolder(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return std::nullopt;
  fs::path version = fs::absolute(path, error).lexically_normal();
  if (error) return std::nullopt;
  if (!version.has_filename()) version = version.parent_path();  // "digits/1/"
  if (!ParseVersion(version.filename().string())) return std::nullopt;
  return version.parent_path();
}

}  // namespace

absl::StatusOr<ConfiguredModel> LoadConfiguredModel(const fs::path& path,
                                                    const LoadOptions& options,
                                                    const Clock& clock) {
  ConfiguredModel loaded;
  loaded.configuration.max_batch = options.max_batch;
  std::optional<std::string> text;
  if (const std::optional<fs::path> folder = ModelFolder(path)) {
    RECTIFIER_ASSIGN_OR_RETURN(text, ReadConfigFile(*folder));
    if (text) {
      RECTIFIER_ASSIGN_OR_RETURN(
          loaded.configuration,
          ParseModelConfiguration(*text, folder->filename().string(), options.max_batch));
    }
  }
  LoadOptions with = options;
  with.max_batch = loaded.configuration.max_batch;
  RECTIFIER_ASSIGN_OR_RETURN(loaded.model, Model::Load(path, with, clock));
  if (!text) return loaded;
  RECTIFIER_ASSIGN_OR_RETURN(const ModelFile file, FindModelFile(path));
  const std::string file_name = file.file.filename().string();
  RECTIFIER_RETURN_IF_ERROR(CheckNetwork(
      loaded.configuration, {.signature = loaded.model->signature(),
                             .file = file_name,
                             .batch_limit_reason = loaded.model->batch_limit_reason()}));
  return loaded;
}

}  // namespace rectifier
