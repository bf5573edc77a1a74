#include "server/app/command_line.h"
#include "server/import/importers.h"

int main(int argc, char** argv) {
  if (const auto parsed = rectifier::RunParserProcess(argc, argv)) return *parsed;
  return rectifier::RunCommandLine(argc, argv);
}
