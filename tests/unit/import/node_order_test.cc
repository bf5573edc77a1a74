#include "server/import/node_order.h"

#include <gmock/gmock.h>

namespace rectifier {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(NodeOrderTest, SortedNodesKeepTheirOrder) {
  EXPECT_THAT(OrderNodes({{}, {}, {0}, {1, 2}}).order, ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(OrderNodes({}).order, IsEmpty());
}

TEST(NodeOrderTest, NodesComeAfterWhatTheyRead) {
  EXPECT_THAT(OrderNodes({{2}, {}, {3}, {}}).order, ElementsAre(1, 3, 2, 0));
  EXPECT_THAT(OrderNodes({{1, 1}, {}}).order, ElementsAre(1, 0));
}

TEST(NodeOrderTest, CycleIsListedInTheDirectionOfTheData) {
  const NodeOrder order = OrderNodes({{}, {0, 3}, {1}, {2}, {3}});
  EXPECT_THAT(order.order, IsEmpty());
  EXPECT_THAT(order.cycle, ElementsAre(2, 3, 1));
  EXPECT_THAT(OrderNodes({{0}}).cycle, ElementsAre(0));
}

}  // namespace
}  // namespace rectifier
