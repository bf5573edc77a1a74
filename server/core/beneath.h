#pragma once

#include <string>

#include "server/core/file_descriptor.h"

namespace rectifier {

// Opens `path` below the open folder, to be read; the kernel refuses every way out of the folder.
// Opening a pipe does not wait for its writer, so the caller looks at what it got. -1 with errno on
// failure: EXDEV or ELOOP for a way out.
FileDescriptor OpenBeneath(int folder, const std::string& path);

}  // namespace rectifier
