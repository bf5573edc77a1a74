#pragma once

#include <CLI/CLI.hpp>
#include <ostream>
#include <string>

#include "absl/status/status.h"

namespace rectifier {

// Sets what only the environment gives to the options of `command`. INVALID_ARGUMENT names the
// variable. (CLI11 reads the environment itself, but passes over values that are not valid from
// 2.4 on; what it has taken is left as it is.)
absl::Status ApplyEnvironment(CLI::App& command);

// Sets the options of `command` that neither a flag nor the environment has set from a TOML file of
// `name = value` lines. INVALID_ARGUMENT begins with the file's name; NOT_FOUND when it cannot be
// read.
absl::Status ApplyConfigFile(const std::string& file, CLI::App& command);

// Writes every option of `command` that may stand in a configuration file, with the value that it
// has.
void PrintConfig(const CLI::App& command, std::ostream& out);

}  // namespace rectifier
