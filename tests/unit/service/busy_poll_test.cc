#include "server/service/busy_poll.h"

#include <gtest/gtest.h>

namespace rectifier {
namespace {

using std::chrono::microseconds;

constexpr Duration kNone = Duration::zero();

TEST(BusyPollTest, LooksOnlyAfterAWaitThatLookingWouldHaveEnded) {
  BusyPoll poll(microseconds(50));
  EXPECT_EQ(poll.Window(true), kNone) << "nothing is known yet";
  poll.Waited(microseconds(75));  // some of it to wake up
  EXPECT_EQ(poll.Window(true), microseconds(50));
  poll.Waited(microseconds(20));
  EXPECT_EQ(poll.Window(true), microseconds(50));
  poll.Waited(microseconds(76));
  EXPECT_EQ(poll.Window(true), kNone);
}

TEST(BusyPollTest, LeavesTheCpuToOthersThatHaveWork) {
  BusyPoll poll(microseconds(50));
  poll.Waited(microseconds(10));
  EXPECT_EQ(poll.Window(false), kNone);
  EXPECT_EQ(poll.Window(true), microseconds(50));
}

TEST(BusyPollTest, NeverLooksWithoutAWindow) {
  BusyPoll poll(kNone);
  poll.Waited(kNone);
  EXPECT_EQ(poll.Window(true), kNone);
}

}  // namespace
}  // namespace rectifier
