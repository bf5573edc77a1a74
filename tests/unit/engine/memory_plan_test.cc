#include "server/engine/memory_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "server/core/tensor.h"

namespace rectifier {
namespace {

using ::testing::ElementsAre;

size_t RoundedUp(size_t bytes) {
  return (bytes + kTensorAlignment - 1) / kTensorAlignment * kTensorAlignment;
}

bool LiveTogether(const BufferLifetime& a, const BufferLifetime& b) {
  for (int step = a.first_step; step <= a.last_step; ++step) {
    if (step >= b.first_step && step <= b.last_step) return true;
  }
  return false;
}

// The bytes that live at the busiest step: no plan can do with less.
size_t LeastArena(const std::vector<BufferLifetime>& buffers) {
  size_t least = 0;
  for (const BufferLifetime& at : buffers) {
    size_t live = 0;
    for (const BufferLifetime& buffer : buffers) {
      if (buffer.first_step <= at.first_step && at.first_step <= buffer.last_step) {
        live += RoundedUp(buffer.bytes);
      }
    }
    least = std::max(least, live);
  }
  return least;
}

void ExpectValid(const std::vector<BufferLifetime>& buffers, const MemoryPlan& plan) {
  ASSERT_EQ(plan.offsets.size(), buffers.size());
  size_t sum = 0;
  for (size_t i = 0; i < buffers.size(); ++i) {
    sum += RoundedUp(buffers[i].bytes);
    EXPECT_EQ(plan.offsets[i] % kTensorAlignment, 0u);
    EXPECT_LE(plan.offsets[i] + buffers[i].bytes, plan.arena_bytes);
    for (size_t j = 0; j < i; ++j) {
      if (!LiveTogether(buffers[i], buffers[j])) continue;
      const bool apart = plan.offsets[i] + buffers[i].bytes <= plan.offsets[j] ||
                         plan.offsets[j] + buffers[j].bytes <= plan.offsets[i];
      EXPECT_TRUE(apart) << "buffers " << j << " and " << i << " overlap";
    }
  }
  EXPECT_LE(plan.arena_bytes, sum);
  EXPECT_GE(plan.arena_bytes, LeastArena(buffers));
}

TEST(MemoryPlanTest, NothingNeedsNoArena) { EXPECT_EQ(PlanMemory({}).arena_bytes, 0u); }

TEST(MemoryPlanTest, BuffersOfDifferentTimesShareTheirPlace) {
  const MemoryPlan plan = PlanMemory({{256, 0, 1}, {128, 2, 3}, {64, 4, 4}});
  EXPECT_THAT(plan.offsets, ElementsAre(0, 0, 0));
  EXPECT_EQ(plan.arena_bytes, 256u);
}

TEST(MemoryPlanTest, TheStepInWhichOneEndsAndAnotherBeginsBelongsToBoth) {
  EXPECT_EQ(PlanMemory({{64, 0, 1}, {64, 1, 2}}).arena_bytes, 128u);
}

TEST(MemoryPlanTest, AChainNeedsItsTwoLargestNeighbours) {
  const std::vector<BufferLifetime> chain = {{256, 0, 1}, {512, 1, 2}, {128, 2, 3}, {640, 3, 4}};
  EXPECT_EQ(PlanMemory(chain).arena_bytes, 768u);
}

TEST(MemoryPlanTest, SizesAreRoundedUpToTheAlignment) {
  const MemoryPlan plan = PlanMemory({{1, 0, 0}, {65, 0, 0}});
  EXPECT_THAT(plan.offsets, ElementsAre(128, 0));
  EXPECT_EQ(plan.arena_bytes, 192u);
}

TEST(MemoryPlanTest, BuffersWithoutBytesTakeNoPlace) {
  EXPECT_EQ(PlanMemory({{0, 0, 9}, {64, 0, 9}, {0, 3, 4}}).arena_bytes, 64u);
}

TEST(MemoryPlanTest, PlansOfRandomProgramsAreValid) {
  std::mt19937 random(20240602);
  const auto between = [&](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  for (int round = 0; round < 500; ++round) {
    const int steps = between(1, 30);
    std::vector<BufferLifetime> buffers(static_cast<size_t>(between(1, 40)));
    for (BufferLifetime& buffer : buffers) {
      buffer.first_step = between(0, steps);
      buffer.last_step = std::min(steps, buffer.first_step + between(0, between(0, 10)));
      buffer.bytes = static_cast<size_t>(between(0, 1 << between(0, 16)));
    }
    ExpectValid(buffers, PlanMemory(buffers));
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace rectifier
