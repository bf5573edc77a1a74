#pragma once

namespace rectifier {

// Parses the command line, the environment and the configuration file, and runs the command.
// Returns the exit code.
int RunCommandLine(int argc, const char* const* argv);

}  // namespace rectifier
