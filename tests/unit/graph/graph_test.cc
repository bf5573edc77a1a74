#include "server/graph/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/graph/text.h"

namespace rectifier {
namespace {

using ::testing::ElementsAre;

const TensorType kMatrix{DType::kFloat32, {2, 3}};

TEST(GraphTest, BuildsANetworkValueByValue) {
  Graph graph;
  graph.name = "g";
  const ValueId x = graph.AddInput("x", kMatrix);
  const ValueId slope = graph.AddConstant("slope", Tensor::Scalar(0.5F));
  const ValueId y = graph.AddNode("Rectifier", {x, slope}, "y", {{"origin", "prelu"}});
  graph.outputs().push_back({"result", y});
  EXPECT_EQ(PrintGraph(graph), R"(graph "g"
input %x: f32[2, 3]
const %slope: f32[] = 0.5
%y = Rectifier(%x, %slope) {origin = "prelu"}
output "result" = %y
)");
}

TEST(GraphTest, AConstantHasTheTypeOfItsTensor) {
  Graph graph;
  const ValueId c = graph.AddConstant("c", Tensor::From<int64_t>({2}, std::vector<int64_t>{4, 5}));
  EXPECT_EQ(*graph.value(c).type, (TensorType{DType::kInt64, {2}}));
  EXPECT_THAT(graph.constant(c)->data<int64_t>(), ElementsAre(4, 5));
}

// Names were once compared with those of all values, for each number that was tried.
TEST(GraphTest, ManyUniqueNamesOfOneBaseAreFoundQuickly) {
  Graph graph;
  constexpr int kNames = 100'000;
  for (int i = 0; i < kNames; ++i) {
    graph.AddValue({graph.UniqueName("slope.scalar"), std::nullopt, nullptr});
  }
  EXPECT_EQ(graph.value(kNames - 1).name, "slope.scalar.99999");
}

TEST(GraphTest, WhatIsNoConstantHasNone) {
  Graph graph;
  EXPECT_EQ(graph.constant(kNoValue), nullptr);
  EXPECT_EQ(graph.constant(graph.AddInput("x", kMatrix)), nullptr);
}

TEST(GraphTest, ACopySharesItsConstants) {
  Graph graph;
  const ValueId c = graph.AddConstant("c", Tensor::Scalar(1));
  const Graph copy = graph;
  EXPECT_EQ(copy.constant(c), graph.constant(c));
}

TEST(GraphTest, PlaceNamesTheNodeAndItsOperator) {
  Graph graph;
  graph.AddNode("Conv", {}, "conv_3");
  EXPECT_EQ(Place(graph.nodes()[0]), "conv_3 (Conv)");
}

TEST(GraphTest, ReplaceUsesReachesInputsPostOpsAndOutputs) {
  Graph graph;
  const ValueId a = graph.AddInput("a", kMatrix);
  const ValueId b = graph.AddInput("b", kMatrix);
  const ValueId y = graph.AddNode("Add", {a, a}, "y");
  graph.nodes()[0].post_ops.push_back({"", "Rectifier", {}, {a}});
  graph.outputs() = {{"a", a}, {"y", y}};
  graph.ReplaceUses(a, b);
  EXPECT_THAT(graph.nodes()[0].inputs, ElementsAre(b, b));
  EXPECT_THAT(graph.nodes()[0].post_ops[0].operands, ElementsAre(b));
  EXPECT_EQ(graph.outputs()[0].value, b);
  EXPECT_EQ(graph.outputs()[0].name, "a");
  EXPECT_EQ(graph.outputs()[1].value, y);
  EXPECT_THAT(graph.inputs(), ElementsAre(a, b));
}

TEST(GraphTest, UniqueNameAppendsTheFirstNumberThatIsFree) {
  Graph graph;
  EXPECT_EQ(graph.UniqueName("x"), "x");
  graph.AddInput("x", kMatrix);
  EXPECT_EQ(graph.UniqueName("x"), "x.1");
  graph.AddInput("x.1", kMatrix);
  EXPECT_EQ(graph.UniqueName("x"), "x.2");
  EXPECT_EQ(graph.UniqueName("y"), "y");
}

}  // namespace
}  // namespace rectifier
