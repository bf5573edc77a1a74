#include "server/ops/node_types.h"

#include <gtest/gtest.h>

#include "server/graph/text.h"

namespace rectifier {
namespace {

Graph ParsedGraph() {
  auto graph = ParseGraph(R"(
input %x: f32[2, ?]
const %c: i64[3] = [1, 2, 3]
%y, %z = Op(%x, _, %c)
output %y
)");
  RECTIFIER_CHECK(graph.ok());
  return *std::move(graph);
}

TEST(NodeTypesTest, KnowsWhichInputsAreThereAndWhichAreConstants) {
  Graph graph = ParsedGraph();
  const NodeTypes types(graph, graph.nodes()[0]);
  EXPECT_EQ(types.place(), "y (Op)");
  EXPECT_EQ(types.input_count(), 3);
  EXPECT_TRUE(types.HasInput(0));
  EXPECT_FALSE(types.HasInput(1));
  EXPECT_TRUE(types.HasInput(2));
  EXPECT_FALSE(types.HasInput(3));
  EXPECT_EQ(types.constant(0), nullptr);
  EXPECT_EQ(types.constant(1), nullptr);
  EXPECT_EQ(types.constant(2), graph.constant(1));
  EXPECT_EQ(types.constant(3), nullptr);
}

TEST(NodeTypesTest, SetsTheOutputsThatThereAre) {
  Graph graph = ParsedGraph();
  Node& node = graph.nodes()[0];
  node.outputs[1] = kNoValue;
  NodeTypes types(graph, node);
  const TensorType type{DType::kUInt8, Shape{4}};
  types.SetOutput(0, type);
  types.SetOutput(1, type);
  types.SetOutput(2, type);
  EXPECT_EQ(graph.value(node.outputs[0]).type, type);
}

TEST(NodeTypesTest, ExpectationsNameTheInput) {
  Graph graph = ParsedGraph();
  const NodeTypes types(graph, graph.nodes()[0]);
  EXPECT_TRUE(types.ExpectFloat(0).ok());
  EXPECT_EQ(Message(types.ExpectFloat(2)), "y (Op): input 2 (c): expected f32, got i64");
  EXPECT_TRUE(types.ExpectRank(0, 2).ok());
  EXPECT_EQ(Message(types.ExpectRank(0, 3)), "y (Op): input 0 (x): expected rank 3, got 2");
  EXPECT_TRUE(types.ExpectRankAtLeast(0, 2).ok());
  EXPECT_EQ(Message(types.ExpectRankAtLeast(0, 3)),
            "y (Op): input 0 (x): expected rank 3 or more, got 2");
  EXPECT_TRUE(types.ExpectVector(2, 3).ok());
  EXPECT_TRUE(types.ExpectVector(2, kDynamicDim).ok());
  EXPECT_EQ(Message(types.ExpectVector(2, 4)), "y (Op): input 2 (c): expected 4 elements, got 3");
  EXPECT_EQ(Message(types.ExpectVector(0, 2)), "y (Op): input 0 (x): expected rank 1, got 2");
}

TEST(NodeTypesTest, AnAxisIsCountedFromTheFront) {
  EXPECT_EQ(NormalizeAxis("n", 0, 3).value(), 0);
  EXPECT_EQ(NormalizeAxis("n", 2, 3).value(), 2);
  EXPECT_EQ(NormalizeAxis("n", -1, 3).value(), 2);
  EXPECT_EQ(NormalizeAxis("n", -3, 3).value(), 0);
  for (const int64_t axis : {int64_t{3}, int64_t{-4}, INT64_MIN, INT64_MAX, int64_t{1} << 32}) {
    EXPECT_EQ(Message(NormalizeAxis("n", axis, 3).status()),
              fmt::format("n: attribute axis: expected a value in [-3, 3), got {}", axis));
  }
}

TEST(NodeTypesTest, ADynamicDimensionAgreesWithEvery) {
  EXPECT_TRUE(DimsAgree(3, 3));
  EXPECT_TRUE(DimsAgree(kDynamicDim, 3));
  EXPECT_TRUE(DimsAgree(3, kDynamicDim));
  EXPECT_TRUE(DimsAgree(kDynamicDim, kDynamicDim));
  EXPECT_FALSE(DimsAgree(3, 4));
  EXPECT_FALSE(DimsAgree(1, 3));
}

}  // namespace
}  // namespace rectifier
