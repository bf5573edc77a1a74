#include <gtest/gtest.h>

#include <set>

#include "server/core/status.h"
#include "server/graph/text.h"
#include "server/ops/infer_types.h"
#include "server/ops/operator_table.h"
#include "tests/support/graph_testing.h"
#include "tests/unit/ops/operator_cases.h"

namespace rectifier {
namespace {

OperatorCases AllCases() {
  OperatorCases all;
  for (const OperatorCases& cases :
       {ConvolutionCases(), ElementwiseCases(), FamilyCases(), MatrixCases(), MovementCases(),
        NormalizationCases(), PadCases(), PoolingCases(), ResizeCases(), SelectionCases(),
        ShapeCases()}) {
    all.accepted.insert(all.accepted.end(), cases.accepted.begin(), cases.accepted.end());
    all.refused.insert(all.refused.end(), cases.refused.begin(), cases.refused.end());
    all.computed.insert(all.computed.end(), cases.computed.begin(), cases.computed.end());
  }
  return all;
}

std::string CaseName(const testing::TestParamInfo<OperatorCase>& info) {
  return info.param.op() + info.param.claim;
}

const TensorType& ResultType(const Graph& graph) {
  return *graph.value(graph.outputs()[0].value).type;
}

void ExpectAccepted(const OperatorCase& test) {
  auto graph = ParseGraph(test.graph());
  ASSERT_TRUE(graph.ok()) << Message(graph.status());
  const absl::Status status = InferTypes(*graph);
  ASSERT_TRUE(status.ok()) << Message(status);
  EXPECT_EQ(TypeText(ResultType(*graph)), test.want);
}

class AcceptedTest : public testing::TestWithParam<OperatorCase> {};

TEST_P(AcceptedTest, GivesItsType) { ExpectAccepted(GetParam()); }

// What is said of dynamic dimensions is true of the sizes that an input may bring.
TEST_P(AcceptedTest, KnownSizesGiveAResultThatFitsTheDynamicOne) {
  auto graph = ParseGraph(GetParam().graph());
  ASSERT_TRUE(graph.ok()) << Message(graph.status());
  ASSERT_TRUE(InferTypes(*graph).ok());
  const Shape pattern = ResultType(*graph).shape;
  int accepted = 0;
  for (int64_t size = 1; size <= 24; ++size) {
    const std::vector<Shape> shapes = BoundInputShapes(*graph, size);
    Graph bound = *graph;
    for (size_t i = 0; i < shapes.size(); ++i)
      bound.value(bound.inputs()[i]).type->shape = shapes[i];
    if (!InferTypes(bound).ok()) continue;  // not every size fits
    ++accepted;
    const Shape& shape = ResultType(bound).shape;
    EXPECT_TRUE(shape.IsStatic()) << shape.ToString();
    EXPECT_TRUE(Matches(shape, pattern)) << shape.ToString() << " for ? = " << size;
  }
  EXPECT_GT(accepted, 0);
}

INSTANTIATE_TEST_SUITE_P(OperatorsTest, AcceptedTest, testing::ValuesIn(AllCases().accepted),
                         CaseName);

class ComputedTest : public testing::TestWithParam<OperatorCase> {};

TEST_P(ComputedTest, GivesWhatIsKnownOfItsType) { ExpectAccepted(GetParam()); }

INSTANTIATE_TEST_SUITE_P(OperatorsTest, ComputedTest, testing::ValuesIn(AllCases().computed),
                         CaseName);

class RefusedTest : public testing::TestWithParam<OperatorCase> {};

TEST_P(RefusedTest, SaysWhatAndWhere) {
  const OperatorCase& test = GetParam();
  auto graph = ParseGraph(test.graph());
  ASSERT_TRUE(graph.ok()) << Message(graph.status());
  const absl::Status status = InferTypes(*graph);
  EXPECT_EQ(Message(status), fmt::format("y ({}): {}", test.op(), test.want));
  EXPECT_EQ(status.code(), test.code);
}

INSTANTIATE_TEST_SUITE_P(OperatorsTest, RefusedTest, testing::ValuesIn(AllCases().refused),
                         CaseName);

TEST(OperatorsTest, EveryOperatorIsAcceptedWithADynamicDimensionAndRefusesSomething) {
  std::set<std::string, std::less<>> accepted;
  std::set<std::string, std::less<>> dynamic;
  std::set<std::string, std::less<>> refused;
  const OperatorCases cases = AllCases();
  for (const OperatorCase& test : cases.accepted) {
    accepted.insert(test.op());
    if (test.graph().find('?') != std::string::npos) dynamic.insert(test.op());
  }
  for (const OperatorCase& test : cases.computed) dynamic.insert(test.op());
  for (const OperatorCase& test : cases.refused) refused.insert(test.op());
  for (const Operator& op : OperatorTable()) {
    EXPECT_TRUE(accepted.contains(op.name)) << op.name;
    EXPECT_TRUE(dynamic.contains(op.name)) << op.name;
    EXPECT_TRUE(refused.contains(op.name)) << op.name;
  }
}

// Whatever the operator, the numbers of inputs and outputs and the attributes are checked.
TEST(OperatorsTest, EveryOperatorRefusesAnAttributeThatIsNotOneOfIt) {
  std::set<std::string> seen;
  for (const OperatorCase& test : AllCases().accepted) {
    if (!seen.insert(test.op()).second) continue;
    auto graph = ParseGraph(test.graph());
    ASSERT_TRUE(graph.ok()) << Message(graph.status());
    graph->nodes()[0].attributes["zebra"] = int64_t{1};
    EXPECT_EQ(Message(InferTypes(*graph)),
              fmt::format("y ({}): attribute zebra is not one of this operator", test.op()));
  }
}

TEST(OperatorsTest, EveryOperatorRefusesAWrongNumberOfInputs) {
  std::set<std::string> seen;
  for (const OperatorCase& test : AllCases().accepted) {
    if (!seen.insert(test.op()).second) continue;
    const Operator& op = *FindOperator(test.op());
    auto graph = ParseGraph(test.graph());
    ASSERT_TRUE(graph.ok()) << Message(graph.status());
    const std::string range = op.min_inputs == op.max_inputs ? fmt::format("{}", op.min_inputs)
                              : op.max_inputs == kAnyNumber
                                  ? fmt::format("{} or more", op.min_inputs)
                                  : fmt::format("{} to {}", op.min_inputs, op.max_inputs);
    const auto expect_refused = [&](int inputs) {
      graph->nodes()[0].inputs.assign(static_cast<size_t>(inputs), 0);
      EXPECT_EQ(Message(InferTypes(*graph)),
                fmt::format("y ({}): expected {} inputs, got {}", op.name, range, inputs));
    };
    expect_refused(op.min_inputs - 1);
    if (op.max_inputs != kAnyNumber) expect_refused(op.max_inputs + 1);
  }
}

TEST(OperatorsTest, EveryOperatorRefusesMoreOutputsThanItHas) {
  std::set<std::string> seen;
  for (const OperatorCase& test : AllCases().accepted) {
    const Operator& op = *FindOperator(test.op());
    if (op.max_outputs == kAnyNumber || !seen.insert(test.op()).second) continue;
    auto graph = ParseGraph(test.graph());
    ASSERT_TRUE(graph.ok()) << Message(graph.status());
    std::vector<ValueId>& outputs = graph->nodes()[0].outputs;
    while (static_cast<int>(outputs.size()) <= op.max_outputs) {
      outputs.push_back(
          graph->AddValue({fmt::format("z{}", outputs.size()), std::nullopt, nullptr}));
    }
    EXPECT_EQ(Message(InferTypes(*graph)),
              fmt::format("y ({}): expected at most {} outputs, got {}", op.name, op.max_outputs,
                          outputs.size()));
  }
}

// The types of all outputs of the one node: "f32[2], f32[3]".
std::string OutputTypes(std::string_view text) {
  const Graph graph = TypedGraph(text);
  std::string types;
  for (const ValueId id : graph.nodes()[0].outputs) {
    types += (types.empty() ? "" : ", ") + (id == kNoValue ? "_" : TypeText(*graph.value(id).type));
  }
  return types;
}

TEST(OperatorsTest, EveryOutputOfSeveralGetsItsType) {
  const std::string split = "input %x: i32[?, 7]\nconst %s: i64[3] = [4, 0, 3]\n";
  EXPECT_EQ(OutputTypes(split + "%a, %b, %c = Split(%x, %s) {axis = 1}\noutput %a\n"),
            "i32[?, 4], i32[?, 0], i32[?, 3]");
  EXPECT_EQ(OutputTypes(split + "%a, _, %c = Split(%x, %s) {axis = -1}\noutput %a\n"),
            "i32[?, 4], _, i32[?, 3]");
  EXPECT_EQ(OutputTypes(split + "%a, %b = Split(%x) {axis = 1}\noutput %a\n"),
            "i32[?, 4], i32[?, 3]");
  EXPECT_EQ(OutputTypes(split + "%a, %b = Split(%x)\noutput %a\n"), "i32[?, 7], i32[?, 7]");
  const std::string layer = "input %x: f32[?, 3, 4]\nconst %s: f32[4] = 1.0\n";
  EXPECT_EQ(OutputTypes(layer + "%a, %b, %c = LayerNormalization(%x, %s)\noutput %a\n"),
            "f32[?, 3, 4], f32[?, 3, 1], f32[?, 3, 1]");
  EXPECT_EQ(OutputTypes(layer + "%a, _, %c = LayerNormalization(%x, %s) {axis = 1}\noutput %a\n"),
            "f32[?, 3, 4], _, f32[?, 1, 1]");
}

}  // namespace
}  // namespace rectifier
