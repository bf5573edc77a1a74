#include "server/service/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "server/core/status.h"

namespace rectifier {

absl::Status CheckUnixSocketIsFree(const std::string& path) {
  sockaddr_un address{};
  if (path.size() >= sizeof(address.sun_path)) {
    return FailedPrecondition(path, "a socket's path has at most {} bytes, this one has {}",
                              sizeof(address.sun_path) - 1, path.size());
  }
  struct stat there {};
  if (lstat(path.c_str(), &there) != 0) return absl::OkStatus();
  if (!S_ISSOCK(there.st_mode)) {
    return FailedPrecondition(path, "expected a socket or nothing there, found something else");
  }
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return FailedPrecondition(path, "no socket can be made: {}", strerror(errno));
  const bool refused =
      connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 &&
      errno == ECONNREFUSED;
  close(probe);
  if (refused) return absl::OkStatus();
  return FailedPrecondition(path, "another process listens there");
}

}  // namespace rectifier
