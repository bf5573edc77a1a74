// Every operator, compiled by the engine, against the reference: on the graphs of the table in
// operator_cases.cc.

#include <gtest/gtest.h>

#include <algorithm>
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

INSTANTIATE_TEST_SUITE_P(All, OperatorTest, ::testing::ValuesIn(AllOperatorCases()),
                         [](const auto& suite) { return std::string(suite.param.op); });

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
