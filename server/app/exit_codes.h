#pragma once

namespace rectifier {

// What the program's exit codes mean, for every command.
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;  // it could not be done, or the answer is no
inline constexpr int kExitUsage = 2;   // options, or a repository or file that is not there

}  // namespace rectifier
