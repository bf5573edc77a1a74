#include "server/core/check.h"

#include <gtest/gtest.h>

namespace rectifier {
namespace {

TEST(CheckTest, LetsATrueConditionPass) { RECTIFIER_CHECK(1 + 1 == 2); }

TEST(CheckDeathTest, NamesTheConditionAndThePlaceOfABrokenOne) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(RECTIFIER_CHECK(1 + 1 == 3),
               "check_test\\.cc.*1 \\+ 1 == 3|1 \\+ 1 == 3.*check_test");
}

}  // namespace
}  // namespace rectifier
