#include "server/app/idle_memory.h"

#include <gtest/gtest.h>

namespace rectifier {
namespace {

TEST(IdleMemoryTest, IsGivenBackOnceWhenNothingWasDoneForAPeriod) {
  uint64_t done = 0;
  IdleMemory memory([&] { return done; });
  EXPECT_FALSE(memory.Look()) << "nothing was done yet";
  done = 5;
  EXPECT_FALSE(memory.Look());
  EXPECT_TRUE(memory.Look());
  EXPECT_FALSE(memory.Look()) << "it was just given back";
}

TEST(IdleMemoryTest, IsKeptWhileSomethingIsDoneInEveryPeriod) {
  uint64_t done = 0;
  IdleMemory memory([&] { return ++done; });
  for (int period = 0; period < 10; ++period) EXPECT_FALSE(memory.Look());
}

TEST(IdleMemoryTest, IsGivenBackAgainAfterMoreWasDone) {
  uint64_t done = 1;
  IdleMemory memory([&] { return done; });
  EXPECT_FALSE(memory.Look());
  EXPECT_TRUE(memory.Look());
  done = 2;
  EXPECT_FALSE(memory.Look());
  EXPECT_TRUE(memory.Look());
}

TEST(IdleMemoryTest, ItsThreadEndsAtOnceWhenItIsDestroyed) {
  IdleMemory memory([] { return 0; }, std::chrono::hours(1));
}

}  // namespace
}  // namespace rectifier
