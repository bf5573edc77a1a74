// Every operator, compiled by the engine, against the reference: on the graphs of the table in
// operator_cases.cc.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>

#include "server/ops/operator_table.h"
#include "tests/reference/kernels.h"
#include "tests/unit/engine/operator_cases.h"
#include "tests/unit/engine/program_testing.h"

namespace rectifier {
namespace {

class OperatorTest : public ::testing::TestWithParam<OperatorCases> {};

TEST_P(OperatorTest, AgreesWithTheReference) {
  for (const std::string& graph : GetParam().graphs()) ExpectAgreesWithReference(graph);
}

TEST_P(OperatorTest, AgreesWithTheReferenceOnTwoThreads) {
  for (const std::string& graph : GetParam().graphs()) {
    ExpectAgreesWithReference(graph, {.threads = 2});
  }
}

INSTANTIATE_TEST_SUITE_P(All, OperatorTest, ::testing::ValuesIn(AllOperatorCases()),
                         [](const auto& suite) { return std::string(suite.param.op); });

// What ONNX leaves open, as lower_pool.cc says it.
TEST(MaxPoolTest, PassesOverNanAndBeginsAtTheLowestFiniteNumber) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kLowest = std::numeric_limits<float>::lowest();
  const Graph graph = TypedGraph(R"(
    input %x: f32[1, 1, 12]
    %y = MaxPool(%x) {kernel_shape = [3], strides = [3]}
    output %y
  )");
  const std::vector<float> x = {1, kNan, -2, kNan, kNan, kNan, -kInf, -kInf, -kInf, -kInf, kInf, 3};
  std::vector<Tensor> inputs;
  inputs.push_back(Tensor::From<float>(Shape{1, 1, 12}, x));
  const auto program = MustCompile(*NewCompiler(), graph);
  ASSERT_NE(program, nullptr);
  const std::vector<Tensor> outputs = RunProgram(*program, inputs);
  EXPECT_THAT(outputs[0].data<float>(), testing::ElementsAre(1, kLowest, kLowest, kInf));
}

// The table of operators is what a model may contain: each needs all three of these.

TEST(CompletenessTest, EveryOperatorHasAReferenceKernel) {
  for (const Operator& op : OperatorTable()) {
    EXPECT_NE(reference::FindKernel(op.name), nullptr) << op.name;
  }
}

TEST(CompletenessTest, EveryOperatorHasCasesThatContainIt) {
  for (const Operator& op : OperatorTable()) {
    const auto cases = AllOperatorCases();
    const auto found = std::ranges::find(cases, op.name, &OperatorCases::op);
    ASSERT_NE(found, cases.end()) << op.name;
    const std::vector<std::string> graphs = found->graphs();
    EXPECT_GE(graphs.size(), 10u) << op.name;
    for (const std::string& graph : graphs) {
      EXPECT_NE(graph.find(fmt::format(" {}(", op.name)), std::string::npos) << graph;
    }
  }
}

TEST(CompletenessTest, EveryOperatorHasALowering) {
  for (const OperatorCases& cases : AllOperatorCases()) {
    const Graph graph = TypedGraph(cases.graphs().front());
    EXPECT_NE(MustCompile(*NewCompiler(), graph), nullptr) << cases.op;
  }
}

}  // namespace
}  // namespace rectifier
