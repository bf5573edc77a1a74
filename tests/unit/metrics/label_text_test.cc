#include "server/metrics/label_text.h"

#include <gtest/gtest.h>

#include <string>

namespace rectifier {
namespace {

TEST(LabelTextTest, KeepsWellFormedText) {
  EXPECT_EQ(LabelText("conv_3 (Conv): \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80", 256),
            "conv_3 (Conv): \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80");
}

TEST(LabelTextTest, MarksEveryByteThatIsNotUtf8) {
  EXPECT_EQ(LabelText("a\xFFz", 256), "a?z");
  EXPECT_EQ(LabelText("\xC0\xAF", 256), "??");            // overlong
  EXPECT_EQ(LabelText("\xE0\x80\x80", 256), "???");       // overlong
  EXPECT_EQ(LabelText("\xED\xA0\x80", 256), "???");       // a surrogate
  EXPECT_EQ(LabelText("\xF4\x90\x80\x80", 256), "????");  // above U+10FFFF
  EXPECT_EQ(LabelText("\xE2\x82", 256), "??");            // cut short
  EXPECT_EQ(LabelText("\xE2\x82z", 256), "??z");
  EXPECT_EQ(LabelText("\x80", 256), "?");
}

TEST(LabelTextTest, WritesControlCharactersAsSpaces) {
  EXPECT_EQ(LabelText(std::string("a\nb\tc\0d\x7F", 8), 256), "a b c d ");
}

TEST(LabelTextTest, CutsBetweenCharacters) {
  EXPECT_EQ(LabelText("abcdef", 4), "abcd");
  EXPECT_EQ(LabelText("abc\xE2\x82\xAC", 5), "abc");
  EXPECT_EQ(LabelText("abc\xE2\x82\xAC", 6), "abc\xE2\x82\xAC");
  EXPECT_EQ(LabelText("abc", 0), "");
}

}  // namespace
}  // namespace rectifier
