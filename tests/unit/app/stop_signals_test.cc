#include "server/app/stop_signals.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <csignal>

namespace rectifier {
namespace {

class StopSignalsTest : public testing::TestWithParam<int> {};

TEST_P(StopSignalsTest, TheFirstSignalAsksToStop) {
  const StopSignals stop;
  EXPECT_FALSE(stop.token().stop_requested());
  ASSERT_EQ(kill(getpid(), GetParam()), 0);
  stop.Wait();
  EXPECT_TRUE(stop.token().stop_requested());
}

TEST_P(StopSignalsTest, TheSecondSignalEndsTheProcess) {
  EXPECT_EXIT(
      {
        const StopSignals stop;
        kill(getpid(), GetParam());
        stop.Wait();
        kill(getpid(), GetParam());
        pause();
      },
      testing::KilledBySignal(GetParam()), "stopping");
}

INSTANTIATE_TEST_SUITE_P(Signals, StopSignalsTest, testing::Values(SIGTERM, SIGINT),
                         [](const auto& instance) {
                           return std::string(instance.param == SIGTERM ? "Sigterm" : "Sigint");
                         });

TEST(StopSignalsTest, WithoutASignalItEndsAndLeavesThemAsTheyWere) {
  {
    const StopSignals stop;
    EXPECT_FALSE(stop.token().stop_requested());
  }
  sigset_t blocked;
  ASSERT_EQ(pthread_sigmask(SIG_BLOCK, nullptr, &blocked), 0);
  EXPECT_EQ(sigismember(&blocked, SIGTERM), 0);
  EXPECT_EQ(sigismember(&blocked, SIGINT), 0);
}

}  // namespace
}  // namespace rectifier
