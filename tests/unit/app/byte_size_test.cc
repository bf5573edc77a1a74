#include "server/app/byte_size.h"

#include <gtest/gtest.h>

#include "tests/support/status_testing.h"

namespace rectifier {
namespace {

TEST(ByteSizeTest, UnitsArePowersOf1024InAnySpelling) {
  const struct {
    const char* text;
    int64_t bytes;
  } cases[] = {{"1", 1},
               {"4096", 4096},
               {"7B", 7},
               {"2k", 2048},
               {"2KB", 2048},
               {"2KiB", 2048},
               {"64MiB", int64_t{64} << 20},
               {"64m", int64_t{64} << 20},
               {"1g", int64_t{1} << 30},
               {"3TiB", int64_t{3} << 40},
               {"1024T", int64_t{1} << 50}};
  for (const auto& [text, bytes] : cases) {
    const auto parsed = ParseByteSize(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(*parsed, bytes) << text;
  }
}

TEST(ByteSizeTest, RefusesEverythingElse) {
  for (const char* text : {"",
                           "0",
                           "0k",
                           "-1",
                           "+1",
                           "1.5g",
                           " 1",
                           "1 MiB",
                           "MiB",
                           "1x",
                           "1bib",
                           "1bb",
                           "1kk",
                           "1i",
                           "1ki",
                           "1kibb",
                           "1025T",
                           "9223372036854775807k",
                           "18014398509481985k",
                           "99999999999999999999"}) {
    EXPECT_EQ(StatusText(ParseByteSize(text)),
              fmt::format("INVALID_ARGUMENT: expected a number of bytes such as 4096 or 64MiB, at "
                          "least 1, got '{}'",
                          text));
  }
}

}  // namespace
}  // namespace rectifier
