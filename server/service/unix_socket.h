#pragma once

#include <string>

#include "absl/status/status.h"

namespace rectifier {

// Whether a server may listen on the Unix socket at `path`: nothing is there, or a socket that
// nobody listens on any more (gRPC replaces it). FAILED_PRECONDITION, naming the path, when
// somebody does, when something else is there, or when the path is too long to be an address.
absl::Status CheckUnixSocketIsFree(const std::string& path);

}  // namespace rectifier
