#include "server/core/clock.h"

#include <gtest/gtest.h>

namespace rectifier {
namespace {

TEST(SteadyClockTest, NeverRunsBackwards) {
  TimePoint last = SteadyClock().Now();
  for (int i = 0; i < 1000; ++i) {
    const TimePoint now = SteadyClock().Now();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(SecondsTest, ConvertsDurations) {
  EXPECT_DOUBLE_EQ(Seconds(std::chrono::milliseconds(1500)), 1.5);
}

}  // namespace
}  // namespace rectifier
