#pragma once

#include <ostream>

#include "client/cpp/cli/command_line.h"

namespace rectifier::client::cli {

// Connects and runs the command; the program's exit status. An error is one line on `err`.
int Run(const CommandLine& line, std::ostream& out, std::ostream& err);

}  // namespace rectifier::client::cli
