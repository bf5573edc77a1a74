#include "server/app/idle_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace rectifier {
namespace {

TEST(IdleMemoryTest, IsGivenBackEverMoreSeldomWhileNothingIsDone) {
  IdleMemory memory([] { return 5; });
  EXPECT_FALSE(memory.Look()) << "something was done in the first period";
  std::vector<int> given_back;
  for (int idle = 1; idle <= 20; ++idle) {
    if (memory.Look()) given_back.push_back(idle);
  }
  EXPECT_THAT(given_back, testing::ElementsAre(1, 2, 4, 8, 16));
}

TEST(IdleMemoryTest, IsKeptWhileSomethingIsDoneInEveryPeriod) {
  uint64_t done = 0;
  IdleMemory memory([&] { return ++done; });
  for (int period = 0; period < 10; ++period) EXPECT_FALSE(memory.Look());
}

TEST(IdleMemoryTest, BeginsAnewAfterMoreWasDone) {
  uint64_t done = 0;
  IdleMemory memory([&] { return done; });
  for (int idle = 1; idle <= 3; ++idle) memory.Look();
  done = 1;
  EXPECT_FALSE(memory.Look());
  EXPECT_TRUE(memory.Look());
  EXPECT_TRUE(memory.Look());
  EXPECT_FALSE(memory.Look());
}

TEST(IdleMemoryTest, ItsThreadEndsAtOnceWhenItIsDestroyed) {
  IdleMemory memory([] { return 0; }, std::chrono::hours(1));
}

}  // namespace
}  // namespace rectifier
