#include "server/models/repository.h"

#include <algorithm>
#include <optional>
#include <system_error>

#include "server/core/status.h"
#include "server/models/registry.h"

namespace rectifier {
namespace {

namespace fs = std::filesystem;

struct NumberedFolder {
  int64_t number;
  fs::path path;
};

std::optional<NumberedFolder> HighestVersion(const fs::path& model) {
  std::optional<NumberedFolder> highest;
  std::error_code error;
  for (fs::directory_iterator it(model, error), end; !error && it != end; it.increment(error)) {
    const auto number = ParseVersion(it->path().filename().string());
    std::error_code ignored;
    if (!number || !it->is_directory(ignored)) continue;
    if (!highest || *number > highest->number) highest = {*number, it->path()};
  }
  return highest;
}

RepositoryEntry Describe(const fs::path& folder) {
  RepositoryEntry entry{folder.filename().string(), "0", folder, {}};
  if (!IsModelName(entry.name)) {
    entry.status = InvalidArgument(
        entry.name.substr(0, 128),
        "not a name that a model may have (letters, digits, '.', '_', '-'; at most 128)");
    return entry;
  }
  if (const auto highest = HighestVersion(folder)) {
    entry.version = std::to_string(highest->number);
    entry.path = highest->path;
  } else {
    entry.status = NotFound(entry.name, "has no version: expected a folder named 1, 2, …");
  }
  return entry;
}

}  // namespace

absl::StatusOr<std::vector<RepositoryEntry>> ScanRepository(const fs::path& root) {
  const std::string place = root.string();
  std::error_code error;
  if (!fs::is_directory(root, error)) return NotFound(place, "there is no such folder");
  std::vector<RepositoryEntry> entries;
  for (fs::directory_iterator it(root, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (it->path().filename().string().starts_with(".") || !it->is_directory(ignored)) continue;
    entries.push_back(Describe(it->path()));
  }
  if (error) return NotFound(place, "cannot be read: {}", error.message());
  if (entries.empty()) {
    return NotFound(place, "holds no model: expected a file like NAME/VERSION/model.onnx below it");
  }
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return entries;
}

absl::StatusOr<fs::path> ResolveModelPath(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return NotFound(path.string(), "there is no such file or folder");
  if (!fs::is_directory(path, error)) return path;
  if (const auto highest = HighestVersion(path)) return highest->path;
  return path;
}

}  // namespace rectifier
