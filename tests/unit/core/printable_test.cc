#include "server/core/printable.h"

#include <gtest/gtest.h>

namespace rectifier {
namespace {

TEST(PrintableTest, OtherThanPrintableAsciiIsMarked) { EXPECT_EQ(Printable("a\n\xff"), "a??"); }

TEST(PrintableTest, TextIsCut) {
  EXPECT_EQ(Printable(std::string(64, 'a')), std::string(64, 'a'));
  EXPECT_EQ(Printable(std::string(65, 'a')), std::string(64, 'a') + "...");
  EXPECT_EQ(Printable("abc", 2), "ab...");
}

}  // namespace
}  // namespace rectifier
