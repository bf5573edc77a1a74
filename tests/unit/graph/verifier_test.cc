#include "server/graph/verifier.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/support/status_testing.h"

namespace rectifier {
namespace {

const TensorType kType{DType::kFloat32, {2}};

// %y = Add(%x, %c) -> Rectifier(%c)
Graph ValidGraph() {
  Graph graph;
  graph.name = "g";
  const ValueId x = graph.AddInput("x", kType);
  const ValueId c = graph.AddConstant("c", Tensor::From<float>({2}, std::vector<float>{1, 2}));
  const ValueId y = graph.AddNode("Add", {x, c}, "y");
  graph.nodes()[0].post_ops.push_back({"", "Rectifier", {}, {c}});
  graph.outputs().push_back({"y", y});
  return graph;
}

constexpr ValueId kX = 0;
constexpr ValueId kC = 1;
constexpr ValueId kY = 2;

std::string ErrorAfter(const std::function<void(Graph&)>& change) {
  Graph graph = ValidGraph();
  change(graph);
  return StatusText(VerifyGraph(graph));
}

TEST(VerifierTest, AcceptsAValidGraph) {
  EXPECT_EQ(ErrorAfter([](Graph&) {}), "OK");
  EXPECT_EQ(StatusText(VerifyGraph(Graph())), "OK");
}

TEST(VerifierTest, AcceptsInputsAndSecondOutputsThatAreLeftOut) {
  EXPECT_EQ(ErrorAfter([](Graph& g) {
              g.nodes()[0].inputs.push_back(kNoValue);
              g.nodes()[0].outputs.push_back(kNoValue);
            }),
            "OK");
}

TEST(VerifierTest, ValuesHaveNames) {
  EXPECT_EQ(ErrorAfter([](Graph& g) { g.value(kX).name = ""; }),
            "INVALID_ARGUMENT: g: value 0 has no name");
}

TEST(VerifierTest, ValuesHaveDifferentNames) {
  EXPECT_EQ(ErrorAfter([](Graph& g) { g.value(kX).name = "y"; }),
            "INVALID_ARGUMENT: y: two values have this name");
}

TEST(VerifierTest, ConstantsAreOfTheirValuesType) {
  EXPECT_EQ(ErrorAfter([](Graph& g) { g.value(kC).type->shape = {3}; }),
            "INVALID_ARGUMENT: c: the constant is not of the value's type");
  EXPECT_EQ(ErrorAfter([](Graph& g) { g.value(kC).type->dtype = DType::kInt32; }),
            "INVALID_ARGUMENT: c: the constant is not of the value's type");
  EXPECT_EQ(ErrorAfter([](Graph& g) { g.value(kC).type.reset(); }),
            "INVALID_ARGUMENT: c: the constant is not of the value's type");
}

TEST(VerifierTest, GraphInputsHaveTypes) {
  EXPECT_EQ(ErrorAfter([](Graph& g) { g.value(kX).type.reset(); }),
            "INVALID_ARGUMENT: x: a graph input without a type");
}

TEST(VerifierTest, ValuesAreDefinedOnce) {
  EXPECT_EQ(ErrorAfter([](Graph& g) { g.inputs().push_back(kX); }),
            "INVALID_ARGUMENT: graph input: x is defined a second time");
  EXPECT_EQ(ErrorAfter([](Graph& g) { g.inputs().push_back(kC); }),
            "INVALID_ARGUMENT: graph input: c is defined a second time");
  EXPECT_EQ(ErrorAfter([](Graph& g) { g.nodes()[0].outputs[0] = kC; }),
            "INVALID_ARGUMENT: y (Add): c is defined a second time");
  EXPECT_EQ(ErrorAfter([](Graph& g) { g.nodes()[0].outputs.push_back(kY); }),
            "INVALID_ARGUMENT: y (Add): y is defined a second time");
}

TEST(VerifierTest, ValuesAreComputedBeforeTheyAreRead) {
  EXPECT_EQ(ErrorAfter([](Graph& g) { g.nodes()[0].inputs[0] = kY; }),
            "INVALID_ARGUMENT: y (Add): y is read before it is computed");
  EXPECT_EQ(ErrorAfter([](Graph& g) { g.nodes()[0].post_ops[0].operands[0] = kY; }),
            "INVALID_ARGUMENT: y (Add): y is read before it is computed");
  EXPECT_EQ(ErrorAfter([](Graph& g) {
              g.AddNode("Sigmoid", {kX}, "late");
              g.nodes()[0].inputs[0] = 3;
            }),
            "INVALID_ARGUMENT: y (Add): late is read before it is computed");
  EXPECT_EQ(ErrorAfter([](Graph& g) { g.nodes().clear(); }),
            "INVALID_ARGUMENT: graph output y: y is read before it is computed");
}

TEST(VerifierTest, ValueIdsAreInRange) {
  EXPECT_EQ(ErrorAfter([](Graph& g) { g.inputs()[0] = 7; }),
            "INVALID_ARGUMENT: graph input: value 7 does not exist");
  EXPECT_EQ(ErrorAfter([](Graph& g) { g.nodes()[0].inputs[0] = 7; }),
            "INVALID_ARGUMENT: y (Add): value 7 does not exist");
  EXPECT_EQ(ErrorAfter([](Graph& g) { g.nodes()[0].inputs[0] = -2; }),
            "INVALID_ARGUMENT: y (Add): value -2 does not exist");
  EXPECT_EQ(ErrorAfter([](Graph& g) { g.nodes()[0].outputs[0] = 7; }),
            "INVALID_ARGUMENT: y (Add): value 7 does not exist");
  EXPECT_EQ(ErrorAfter([](Graph& g) { g.nodes()[0].post_ops[0].operands[0] = kNoValue; }),
            "INVALID_ARGUMENT: y (Add): value -1 does not exist");
  EXPECT_EQ(ErrorAfter([](Graph& g) { g.outputs()[0].value = kNoValue; }),
            "INVALID_ARGUMENT: graph output y: value -1 does not exist");
}

TEST(VerifierTest, NodesHaveAFirstOutput) {
  EXPECT_EQ(ErrorAfter([](Graph& g) { g.nodes()[0].outputs.clear(); }),
            "INVALID_ARGUMENT: y (Add): has no output");
  EXPECT_EQ(ErrorAfter([](Graph& g) {
              g.nodes()[0].outputs = {kNoValue};
              g.outputs().clear();
            }),
            "INVALID_ARGUMENT: y (Add): has no output");
}

TEST(VerifierTest, GraphOutputsHaveDifferentNames) {
  EXPECT_EQ(ErrorAfter([](Graph& g) {
              g.outputs().push_back({"y", kX});
            }),
            "INVALID_ARGUMENT: y: two graph outputs have this name");
  EXPECT_EQ(ErrorAfter([](Graph& g) { g.outputs().push_back({"z", kY}); }), "OK");
}

}  // namespace
}  // namespace rectifier
