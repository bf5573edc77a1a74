#include "server/import/model_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "server/core/status.h"

namespace rectifier {
namespace {

std::string ErrorText() { return std::generic_category().message(errno); }

}  // namespace

absl::StatusOr<OpenModelFile> OpenModel(std::string_view place, const std::filesystem::path& path,
                                        int64_t max_bytes) {
  // O_NONBLOCK: opening a pipe must not wait for its writer.
  FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) {
    if (errno == ENOENT) return NotFound(place, "does not exist");
    return FailedPrecondition(place, "cannot be opened: {}", ErrorText());
  }
  struct stat info {};
  if (fstat(file.get(), &info) != 0) {
    return FailedPrecondition(place, "cannot be looked at: {}", ErrorText());
  }
  if (!S_ISREG(info.st_mode)) return InvalidArgument(place, "is not a regular file");
  if (info.st_size == 0) return InvalidArgument(place, "the file is empty");
  if (info.st_size > max_bytes) {
    return ResourceExhausted(place, "has {} bytes, at most {} are allowed", info.st_size,
                             max_bytes);
  }
  return OpenModelFile{std::move(file), info.st_size};
}

absl::StatusOr<AlignedBuffer> ReadModelFile(std::string_view place,
                                            const std::filesystem::path& path, int64_t max_bytes) {
  RECTIFIER_ASSIGN_OR_RETURN(const OpenModelFile model, OpenModel(place, path, max_bytes));
  AlignedBuffer bytes(static_cast<size_t>(model.bytes));
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t got = read(model.file.get(), bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FailedPrecondition(place, "cannot be read: {}", ErrorText());
    if (got == 0) return FailedPrecondition(place, "became shorter while it was read");
    done += static_cast<size_t>(got);
  }
  return bytes;
}

}  // namespace rectifier
