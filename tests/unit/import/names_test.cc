#include "server/import/names.h"

#include <gtest/gtest.h>

#include "server/core/status.h"

namespace rectifier {
namespace {

TEST(NamesTest, Utf8WithoutControlCharactersIsAName) {
  for (const char* name : {"", "conv_1", "a b/c:0", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                           "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "\xee\x80\x80"}) {
    EXPECT_TRUE(CheckName("n", name, 100).ok()) << name;
  }
}

TEST(NamesTest, OtherBytesAreNot) {
  // A lone continuation, overlong forms, cut short, a surrogate, above U+10FFFF.
  for (const char* name : {"\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf",
                           "\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                           "\xf5", "a\xff", "\xc3(", "\xe2\x82("}) {
    EXPECT_EQ(Message(CheckName("n", name, 100)).substr(0, 3), "n: ") << name;
  }
  EXPECT_EQ(Message(CheckName("n", "a\tb", 100)), "n: the name 'a?b' has control characters");
  EXPECT_EQ(Message(CheckName("n", "a\x7f", 100)), "n: the name 'a?' has control characters");
  EXPECT_EQ(Message(CheckName("n", std::string("a\0b", 3), 100)),
            "n: the name 'a?b' has control characters");
  EXPECT_EQ(Message(CheckName("n", "abcd", 3)),
            "n: the name 'abcd' has 4 bytes, at most 3 are allowed");
}

}  // namespace
}  // namespace rectifier
