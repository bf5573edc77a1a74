#include <gmock/gmock.h>

#include "server/import/importers.h"

int main(int argc, char** argv) {
  if (const auto parsed = rectifier::RunParserProcess(argc, argv)) return *parsed;
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
