#include "server/import/importers.h"

#include <array>
#include <string>
#include <system_error>
#include <vector>

#include "server/core/status.h"
#include "server/import/keras/keras_importer.h"
#include "server/import/keras/parser_main.h"
#include "server/import/onnx/onnx_importer.h"

namespace rectifier {
namespace {

std::string Listed(const std::vector<std::string_view>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

absl::StatusOr<ModelFile> FindInFolder(const std::string& place,
                                       const std::filesystem::path& folder,
                                       std::span<const ModelImporter* const> importers) {
  std::vector<std::string_view> wanted;
  std::vector<std::string_view> present;
  ModelFile found{nullptr, {}};
  for (const ModelImporter* importer : importers) {
    wanted.push_back(importer->file_name());
    const std::filesystem::path file = folder / importer->file_name();
    std::error_code error;
    if (!std::filesystem::exists(file, error)) continue;
    present.push_back(importer->file_name());
    found = {importer, file};
  }
  if (present.empty()) return NotFound(place, "holds no model file (one of {})", Listed(wanted));
  if (present.size() > 1) {
    return InvalidArgument(place, "holds more than one model file: {}", Listed(present));
  }
  return found;
}

}  // namespace

std::span<const ModelImporter* const> Importers() {
  static const OnnxImporter onnx;
  static const KerasImporter keras(KerasFormat::kKeras);
  static const KerasImporter keras_h5(KerasFormat::kHdf5);
  static const std::array<const ModelImporter*, 3> importers = {&onnx, &keras, &keras_h5};
  return importers;
}

std::optional<int> RunParserProcess(int argc, const char* const* argv) {
  return RunKerasParser(argc, argv);
}

absl::StatusOr<ModelFile> FindModelFile(const std::filesystem::path& path,
                                        std::span<const ModelImporter* const> importers) {
  // "digits/1/" has no last part of its own.
  const std::string place =
      (path.has_filename() ? path.filename() : path.parent_path().filename()).string();
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) return NotFound(place, "does not exist");
  if (std::filesystem::is_directory(status)) return FindInFolder(place, path, importers);
  std::vector<std::string_view> extensions;
  for (const ModelImporter* importer : importers) {
    if (path.extension() == importer->extension()) return ModelFile{importer, path};
    extensions.push_back(importer->extension());
  }
  return InvalidArgument(place, "is not a model file by its extension (one of {})",
                         Listed(extensions));
}

}  // namespace rectifier
