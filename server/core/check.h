#pragma once

namespace rectifier::internal {

// Prints the condition and its place on standard error and aborts.
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

}  // namespace rectifier::internal

// A broken invariant of the program itself ends the process. Input never does: files and requests
// that are wrong give an absl::Status.
#define RECTIFIER_CHECK(condition)                                        \
  do {                                                                    \
    if (!(condition)) [[unlikely]]                                        \
      ::rectifier::internal::CheckFailed(#condition, __FILE__, __LINE__); \
  } while (false)
