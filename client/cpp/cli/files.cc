#include "client/cpp/cli/files.h"

#include <fstream>
#include <string_view>

#include "server/core/status.h"

namespace rectifier::client::cli {

absl::StatusOr<std::string> ReadFile(const std::filesystem::path& path, int64_t max_bytes) {
  const std::string place = path.string();
  std::ifstream file(path, std::ios::binary);
  std::error_code error;
  if (!file || !std::filesystem::is_regular_file(path, error)) {
    return NotFound(place, "cannot be read");
  }
  const auto size = std::filesystem::file_size(path, error);
  if (error) return NotFound(place, "cannot be read");
  if (size > static_cast<uint64_t>(max_bytes)) {
    return InvalidArgument(place, "{} bytes are more than the {} that are read", size, max_bytes);
  }
  std::string bytes(size, '\0');
  if (!file.read(bytes.data(), static_cast<std::streamsize>(size))) {
    return NotFound(place, "cannot be read");
  }
  return bytes;
}

std::string FileNameFor(const std::string& name) {
  constexpr std::string_view kSafe =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  std::string result = name;
  for (char& c : result) {
    if (kSafe.find(c) == std::string_view::npos) c = '_';
  }
  return result;
}

}  // namespace rectifier::client::cli
