#pragma once

#include <CLI/CLI.hpp>
#include <ostream>
#include <string>

#include "absl/status/status.h"

namespace rectifier {

// Sets the options of `command` that neither a flag nor the environment has set from a TOML file of
// `name = value` lines. INVALID_ARGUMENT begins with the file's name; NOT_FOUND when it cannot be
// read.
absl::Status ApplyConfigFile(const std::string& file, CLI::App& command);

// Writes every option of `command` that may stand in a configuration file, with the value that it
// has.
void PrintConfig(const CLI::App& command, std::ostream& out);

}  // namespace rectifier
