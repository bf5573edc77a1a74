#include "server/models/config/config_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "server/core/beneath.h"
#include "server/core/status.h"

namespace rectifier {
namespace {

std::string ErrorText() { return std::generic_category().message(errno); }

}  // namespace

absl::StatusOr<std::optional<std::string>> ReadConfigFile(
    const std::filesystem::path& model_folder) {
  const FileDescriptor folder(open(model_folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) {
    return FailedPrecondition(kConfigFileName, "the model's folder cannot be opened: {}",
                              ErrorText());
  }
  const FileDescriptor file = OpenBeneath(folder.get(), kConfigFileName);
  if (file.get() < 0) {
    struct stat entry {};
    // A link to nothing is not the same as no file.
    if (errno == ENOENT &&
        fstatat(folder.get(), kConfigFileName, &entry, AT_SYMLINK_NOFOLLOW) != 0) {
      return std::nullopt;
    }
    if (errno == EXDEV || errno == ELOOP) {
      return InvalidArgument(kConfigFileName, "is a link that leads out of the model's folder");
    }
    return FailedPrecondition(kConfigFileName, "cannot be opened: {}", ErrorText());
  }
  struct stat info {};
  if (fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return InvalidArgument(kConfigFileName, "is not a regular file");
  }
  // What is read counts, not what the file was said to have: it may grow in between.
  std::string text(static_cast<size_t>(kMaxConfigBytes) + 1, '\0');
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = read(file.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FailedPrecondition(kConfigFileName, "cannot be read: {}", ErrorText());
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  if (size > static_cast<size_t>(kMaxConfigBytes)) {
    return ResourceExhausted(kConfigFileName, "has more than the {} bytes that are allowed",
                             kMaxConfigBytes);
  }
  text.resize(size);
  return text;
}

}  // namespace rectifier
