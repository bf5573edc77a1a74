#pragma once

#include <cstdint>

#include "absl/status/status.h"

namespace rectifier {

// False under a sanitizer, whose own work needs more: memory, files and system calls stay as they
// are.
#ifdef RECTIFIER_SANITIZED
inline constexpr bool kSandboxIsWhole = false;
#else
inline constexpr bool kSandboxIsWhole = true;
#endif

// Takes from this process what parsing does not need, for good: memory above `memory` bytes, more
// than `seconds` of CPU, writing of files, opening of anything, new processes, the network. System
// calls other than those for memory, for what is open already and for ending end the process.
//
// FAILED_PRECONDITION when the system does not do it.
absl::Status EnterSandbox(int64_t memory, int64_t seconds);

}  // namespace rectifier
