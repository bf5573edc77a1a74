#include "server/core/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace rectifier {
namespace {

bool IsUtf8(const std::string& text) {
  Utf8Follower follower;
  for (const char c : text) {
    if (!follower.Take(static_cast<uint8_t>(c))) return false;
  }
  return follower.complete();
}

TEST(Utf8FollowerTest, TakesTheFirstAndTheLastCharacterOfEveryLength) {
  for (const char* text : {"", "a\x7F", "\xC2\x80\xDF\xBF", "\xE0\xA0\x80\xED\x9F\xBF",
                           "\xEE\x80\x80\xEF\xBF\xBF", "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(IsUtf8(text)) << testing::PrintToString(std::string(text));
  }
}

TEST(Utf8FollowerTest, RefusesLongFormsSurrogatesLoneAndMissingBytes) {
  for (const char* text :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xC2", "\xE1\x80", "\xC2z", "\xE1\x80z"}) {
    EXPECT_FALSE(IsUtf8(text)) << testing::PrintToString(std::string(text));
  }
}

}  // namespace
}  // namespace rectifier
