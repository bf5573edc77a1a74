#include "server/service/busy_poll.h"

#include <gtest/gtest.h>

namespace rectifier {
namespace {

using std::chrono::microseconds;

class BusyPollTest : public testing::Test {
 protected:
  // A request comes `after` the one before it was run, and is run at once.
  void Request(microseconds after, bool idle = true) {
    now_ += after;
    poll_.Came(now_);
    poll_.Ran(now_, idle);
  }

  BusyPoll poll_{microseconds(100)};
  TimePoint now_{std::chrono::hours(1)};
};

TEST_F(BusyPollTest, LooksForAsLongAsItsWindow) {
  Request(microseconds(0));
  Request(microseconds(50));
  EXPECT_TRUE(poll_.Looks(now_));
  EXPECT_TRUE(poll_.Looks(now_ + microseconds(99))) << "whatever else has come meanwhile";
  EXPECT_FALSE(poll_.Looks(now_ + microseconds(100)));
}

TEST_F(BusyPollTest, LooksOnlyAfterARequestThatLookingWouldHaveMet) {
  Request(microseconds(0));
  EXPECT_FALSE(poll_.Looks(now_)) << "nothing is known yet";
  Request(microseconds(150));  // a third of it to wake up
  EXPECT_TRUE(poll_.Looks(now_));
  Request(microseconds(151));
  EXPECT_FALSE(poll_.Looks(now_));
  Request(microseconds(20));
  EXPECT_TRUE(poll_.Looks(now_));
}

TEST_F(BusyPollTest, LeavesTheCpuToThoseWhoHaveWork) {
  Request(microseconds(0));
  Request(microseconds(10), /*idle=*/false);
  EXPECT_FALSE(poll_.Looks(now_));
}

TEST(BusyPollOfNoWindowTest, NeverLooks) {
  BusyPoll poll(Duration::zero());
  const TimePoint now{std::chrono::hours(1)};
  poll.Ran(now, true);
  poll.Came(now);
  EXPECT_FALSE(poll.Looks(now));
}

}  // namespace
}  // namespace rectifier
