#include "server/service/byte_budget.h"

#include <gtest/gtest.h>

#include <optional>
#include <utility>

namespace rectifier {
namespace {

constexpr int64_t kMiB = 1 << 20;

TEST(ByteBudgetTest, GivesWhatIsLeftAndTakesItBackWithTheShare) {
  ByteBudget budget(4 * kMiB);
  {
    const std::optional<ByteBudget::Share> share = budget.Take(3 * kMiB);
    ASSERT_TRUE(share);
    EXPECT_EQ(budget.used(), 3 * kMiB);
    EXPECT_EQ(budget.refused(), 0);
    EXPECT_FALSE(budget.Take(kMiB));
    EXPECT_EQ(budget.refused(), 1);
  }
  EXPECT_EQ(budget.used(), 0);
  EXPECT_TRUE(budget.Take(kMiB));
}

TEST(ByteBudgetTest, KeepsAQuarterForSmallReplies) {
  ByteBudget budget(4 * kMiB);
  const auto large = budget.Take(3 * kMiB);
  EXPECT_FALSE(budget.Take(ByteBudget::kSmall + 1));
  EXPECT_TRUE(budget.Take(ByteBudget::kSmall));
}

TEST(ByteBudgetTest, AShareThatIsMovedCountsOnceAndOneThatIsResizedAnew) {
  ByteBudget budget(100);
  std::optional<ByteBudget::Share> first = budget.Take(40);
  ByteBudget::Share second;
  second = *std::move(first);
  first.reset();
  EXPECT_EQ(budget.used(), 40);
  second.Resize(120);
  EXPECT_EQ(budget.used(), 120);
  EXPECT_FALSE(budget.Take(1));
  second = {};
  EXPECT_EQ(budget.used(), 0);
}

}  // namespace
}  // namespace rectifier
