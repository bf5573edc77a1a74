#pragma once

#include <cstdint>

#include "absl/status/status.h"

namespace rectifier {

// Takes from this process what parsing does not need, for good: memory above `memory` bytes, more
// than `seconds` of CPU, writing of files, opening of anything, new processes, the network. System
// calls other than those for memory, for what is open already and for ending end the process.
//
// FAILED_PRECONDITION when the system does not do it. Under a sanitizer, whose own work needs more,
// memory and system calls stay as they are.
absl::Status EnterSandbox(int64_t memory, int64_t seconds);

}  // namespace rectifier
