#include <cstdlib>
#include <iostream>
#include <string>
#include <variant>
#include <vector>

#include "client/cpp/cli/command_line.h"
#include "client/cpp/cli/run.h"

int main(int argc, char** argv) {
  // gRPC logs on standard error, where an error is to be one line. Who wants its logs sets the
  // variable.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  using namespace rectifier::client::cli;
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto parsed = ParseCommandLine(arguments, std::cout, std::cerr);
  if (const int* exit_code = std::get_if<int>(&parsed)) return *exit_code;
  return Run(std::get<CommandLine>(parsed), std::cout, std::cerr);
}
