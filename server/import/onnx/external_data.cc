#include "server/import/onnx/external_data.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "server/core/beneath.h"
#include "server/core/printable.h"
#include "server/core/status.h"

namespace rectifier {
ExternalData ExternalData::Beside(const std::filesystem::path& file) {
  ExternalData data;
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  data.folder_ = FileDescriptor(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  return data;
}

absl::Status ExternalData::Read(std::string_view place, std::string_view location, int64_t offset,
                                std::span<std::byte> bytes) const {
  if (folder_.get() < 0) {
    return InvalidArgument(place,
                           "external data: the model is not a file beside which it could be");
  }
  const std::string name(location);
  const FileDescriptor file = OpenBeneath(folder_.get(), name);
  const std::string shown = Printable(name);
  if (file.get() < 0) {
    if (errno == ENOENT) return NotFound(place, "external data: {} does not exist", shown);
    if (errno == EXDEV || errno == ELOOP) {
      return InvalidArgument(place, "external data: {} leads out of the model's folder", shown);
    }
    return InvalidArgument(place, "external data: {} cannot be opened: {}", shown,
                           std::generic_category().message(errno));
  }
  struct stat info {};
  if (fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return InvalidArgument(place, "external data: {} is not a regular file", shown);
  }
  const auto size = static_cast<int64_t>(bytes.size());
  if (offset < 0 || offset > info.st_size || size > info.st_size - offset) {
    return InvalidArgument(place, "external data: {} bytes from {} on are not in {}, which has {}",
                           size, offset, shown, info.st_size);
  }
  for (int64_t done = 0; done < size;) {
    const ssize_t got =
        pread(file.get(), bytes.data() + done, static_cast<size_t>(size - done), offset + done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return InvalidArgument(place, "external data: {} cannot be read", shown);
    done += got;
  }
  return absl::OkStatus();
}

}  // namespace rectifier
