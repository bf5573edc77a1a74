#include <gtest/gtest.h>

#include "server/ops/rectifier.h"
#include "server/passes/rectifier_forms.h"
#include "tests/unit/passes/rewrite_testing.h"

namespace rectifier {
namespace {

// `nodes` on the input x, with constants c and d, gives y; `c` is text such as "f32[] = 0.2".
std::string Form(std::string_view nodes, std::string_view c = "f32[] = 0.25",
                 std::string_view x = "f32[?, 3, 4, 5]") {
  return fmt::format(R"(
input %x: {}
const %zero: f32[] = 0.0
const %one: f32[] = 1.0
const %minus: f32[] = -1.0
const %half: f32[] = 0.5
const %c: {}
const %d: f32[] = 2.0
{}
output %y
)",
                     x, c, nodes);
}

struct Recognized {
  std::string claim;
  std::string nodes;
  std::string slope = "0.25";
  std::string c = "f32[] = 0.25";
};

void PrintTo(const Recognized& form, std::ostream* out) { *out << form.claim; }

class RecognizedTest : public testing::TestWithParam<Recognized> {};

TEST_P(RecognizedTest, BecomesARectifierOfItsSlope) {
  Graph graph = TypedGraph(Form(GetParam().nodes, GetParam().c));
  ASSERT_EQ(MustRun("recognize-rectifier", graph), 1);
  ASSERT_EQ(graph.nodes().size(), 1u) << PrintGraph(graph);
  const Node& node = graph.nodes()[0];
  EXPECT_EQ(node.op, "Rectifier");
  EXPECT_EQ(node.inputs[0], graph.inputs()[0]);
  const auto slope = graph.constant(node.inputs[1])->data<float>();
  EXPECT_EQ(fmt::format("{}", fmt::join(slope, ", ")), GetParam().slope);
  EXPECT_EQ(std::get<std::string>(node.attributes.at("origin")), kOriginRecognized);
}

constexpr char kPerChannel[] = "f32[3, 1, 1] = [0.25, -0.5, 1.0]";
constexpr char kAboveOne[] = "f32[3, 1, 1] = [1.25, 3.0, 1.0]";

const Recognized kRecognized[] = {
    {"MaxWithAProduct", "%a = Mul(%c, %x)\n%y = Max(%x, %a)"},
    {"MaxInTheOtherOrder", "%a = Mul(%x, %c)\n%y = Max(%a, %x)"},
    {"MaxWithSlopesPerChannel", "%a = Mul(%x, %c)\n%y = Max(%a, %x)", "0.25, -0.5, 1", kPerChannel},
    {"MaxWithAQuotient", "%a = Div(%x, %d)\n%y = Max(%a, %x)", "0.5"},
    {"MaxWithAProductAndAQuotient", "%a = Mul(%c, %x)\n%b = Div(%a, %d)\n%y = Max(%b, %x)",
     "0.125"},
    {"MaxWithANegation", "%a = Neg(%x)\n%y = Max(%a, %x)", "-1"},
    {"MinFromOneUpwards", "%a = Mul(%c, %x)\n%y = Min(%x, %a)", "1.25, 3, 1", kAboveOne},
    {"ReluMinusReluOfTheNegation",
     "%r = Max(%x, %zero)\n%n = Neg(%x)\n%s = Max(%n, %zero)\n%a = Mul(%c, %s)\n%y = Sub(%r, %a)"},
    {"RectifiersAsRelu",
     "%r = Rectifier(%x, %zero) {origin = \"relu\"}\n%n = Neg(%x)\n"
     "%s = Rectifier(%n, %zero) {origin = \"relu\"}\n%a = Mul(%c, %s)\n%y = Sub(%r, %a)"},
    {"ReluPlusAProductWithTheNegatedRelu",
     "%r = Max(%x, %zero)\n%n = Neg(%x)\n%s = Max(%n, %zero)\n%t = Neg(%s)\n%a = Mul(%c, %t)\n"
     "%y = Add(%r, %a)"},
    {"ReluPlusReluOfTheNegation",
     "%r = Max(%x, %zero)\n%n = Neg(%x)\n%s = Max(%n, %zero)\n%a = Mul(%c, %s)\n%y = Add(%a, %r)",
     "-0.25"},
    {"ANegationThatIsAProduct",
     "%r = Max(%x, %zero)\n%n = Mul(%minus, %x)\n%s = Max(%n, %zero)\n%a = Mul(%c, %s)\n"
     "%y = Sub(%r, %a)"},
    {"ANegationThatIsADifference",
     "%r = Max(%x, %zero)\n%n = Sub(%zero, %x)\n%s = Max(%n, %zero)\n%a = Mul(%c, %s)\n"
     "%y = Sub(%r, %a)"},
    {"TheanosWithTheHalfOutside",
     "%r = Max(%x, %zero)\n%p = Abs(%x)\n%s = Sub(%x, %p)\n%a = Mul(%c, %s)\n%b = Mul(%a, %half)\n"
     "%y = Add(%r, %b)"},
    {"TheanosWithTheHalfInTheConstant",
     "%r = Max(%x, %zero)\n%p = Abs(%x)\n%s = Sub(%x, %p)\n%a = Mul(%c, %s)\n%y = Add(%r, %a)",
     "0.5"},
    {"TheanosWithADivision",
     "%r = Max(%x, %zero)\n%p = Abs(%x)\n%s = Sub(%x, %p)\n%a = Mul(%c, %s)\n%b = Div(%a, %d)\n"
     "%y = Add(%b, %r)",
     "0.5, 0.25, 2", "f32[3, 1, 1] = [0.5, 0.25, 2.0]"},
    {"TheanosTurnedAround",
     "%r = Max(%x, %zero)\n%p = Abs(%x)\n%s = Sub(%p, %x)\n%a = Mul(%c, %s)\n%y = Sub(%r, %a)",
     "0.5"},
    {"WhereGreater", "%g = Greater(%x, %zero)\n%a = Mul(%c, %x)\n%y = Where(%g, %x, %a)"},
    {"WhereGreaterOrEqual",
     "%g = GreaterOrEqual(%x, %zero)\n%a = Mul(%c, %x)\n%y = Where(%g, %x, %a)"},
    {"WhereZeroIsLess", "%g = Less(%zero, %x)\n%a = Mul(%c, %x)\n%y = Where(%g, %x, %a)"},
    {"WhereZeroIsLessOrEqual",
     "%g = LessOrEqual(%zero, %x)\n%a = Mul(%c, %x)\n%y = Where(%g, %x, %a)"},
    {"WhereLess", "%g = Less(%x, %zero)\n%a = Mul(%x, %c)\n%y = Where(%g, %a, %x)"},
    {"WhereLessOrEqual", "%g = LessOrEqual(%x, %zero)\n%a = Mul(%x, %c)\n%y = Where(%g, %a, %x)"},
    {"WhereZeroIsGreater", "%g = Greater(%zero, %x)\n%a = Mul(%x, %c)\n%y = Where(%g, %a, %x)"},
    {"WhereZeroIsGreaterOrEqual",
     "%g = GreaterOrEqual(%zero, %x)\n%a = Mul(%x, %c)\n%y = Where(%g, %a, %x)"},
    {"WhereWithSlopesAboveOne", "%g = Greater(%x, %zero)\n%a = Mul(%c, %x)\n%y = Where(%g, %x, %a)",
     "1.25, 3, 1", kAboveOne},
    {"ClipsAtZero",
     "%r = Clip(%x, %zero)\n%n = Clip(%x, _, %zero)\n%a = Mul(%n, %c)\n%y = Add(%r, %a)",
     "0.25, -0.5, 1", kPerChannel},
    {"MaxAndMinAtZero",
     "%r = Max(%zero, %x)\n%n = Min(%x, %zero)\n%a = Mul(%n, %c)\n%y = Add(%a, %r)"},
    {"AStepThatChoosesBetweenOneAndTheSlope",
     "%g = Greater(%x, %zero)\n%s = Cast(%g) {to = \"f32\"}\n%t = Sub(%s, %one)\n%a = Mul(%t, %c)\n"
     "%b = Sub(%s, %a)\n%y = Mul(%x, %b)"},
};

INSTANTIATE_TEST_SUITE_P(Forms, RecognizedTest, testing::ValuesIn(kRecognized),
                         [](const auto& form) { return form.param.claim; });

TEST(RecognizeRectifierTest, KeepsTheNameAndTellsTheForm) {
  Graph graph = TypedGraph(R"(
input %x: f32[?, 3]
const %c: f32[] = 0.25
%a = Mul(%c, %x) @"times"
%y = Max(%x, %a) @"max_1"
output %y
)");
  EXPECT_EQ(MustRun("recognize-rectifier", graph), 1);
  EXPECT_EQ(PrintGraph(graph), R"(graph ""
input %x: f32[?, 3]
const %y.slope: f32[] = 0.25
%y: f32[?, 3] = Rectifier(%x, %y.slope) {form = "max(x, k·x), k ≤ 1", origin = "recognized"} @"max_1"
output %y
)");
}

struct LeftAlone {
  std::string claim;
  std::string graph;
};

void PrintTo(const LeftAlone& form, std::ostream* out) { *out << form.claim; }

class LeftAloneTest : public testing::TestWithParam<LeftAlone> {};

TEST_P(LeftAloneTest, IsNotRecognized) {
  Graph graph = TypedGraph(GetParam().graph);
  const std::string before = PrintGraph(graph);
  EXPECT_EQ(MustRun("recognize-rectifier", graph), 0);
  EXPECT_EQ(PrintGraph(graph), before);
}

const LeftAlone kLeftAlone[] = {
    {"MaxWithASlopeAboveOne", Form("%a = Mul(%c, %x)\n%y = Max(%x, %a)", "f32[] = 1.5")},
    {"MaxWithOneSlopeAboveOne",
     Form("%a = Mul(%c, %x)\n%y = Max(%x, %a)", "f32[3, 1, 1] = [0.5, 1.5, 0.1]")},
    {"MinWithASlopeBelowOne", Form("%a = Mul(%c, %x)\n%y = Min(%x, %a)", "f32[] = 0.5")},
    {"MinWithSlopesOnBothSides",
     Form("%a = Mul(%c, %x)\n%y = Min(%x, %a)", "f32[3, 1, 1] = [2, 0.5, 3]")},
    {"ASlopeThatIsNan",
     Form("%g = Greater(%x, %zero)\n%a = Mul(%c, %x)\n%y = Where(%g, %x, %a)", "f32[] = nan")},
    {"ASlopeThatIsInfinite",
     Form("%g = Greater(%x, %zero)\n%a = Mul(%c, %x)\n%y = Where(%g, %x, %a)", "f32[] = inf")},
    {"AQuotientThatIsInfinite", Form("%a = Div(%x, %zero)\n%y = Min(%x, %a)")},
    {"AnotherInputInABranch",
     Form("%g = Greater(%x, %zero)\n%z = Sigmoid(%x)\n%a = Mul(%c, %z)\n%y = Where(%g, %x, %a)")},
    {"AnotherInputInTheCondition",
     Form("%z = Sigmoid(%x)\n%g = Greater(%z, %zero)\n%a = Mul(%c, %x)\n%y = Where(%g, %x, %a)")},
    {"AConditionThatIsNotAboutZero",
     Form("%g = Greater(%x, %one)\n%a = Mul(%c, %x)\n%y = Where(%g, %x, %a)")},
    {"BranchesTheOtherWayRound",
     Form("%g = Greater(%x, %zero)\n%a = Mul(%c, %x)\n%y = Where(%g, %a, %x)")},
    {"AProductThatIsReadElsewhere", Form("%a = Mul(%c, %x)\n%m = Max(%x, %a)\n%y = Add(%m, %a)")},
    {"AProductThatIsAnOutput", Form("%a = Mul(%c, %x)\n%y = Max(%x, %a)\noutput %a")},
    {"AConstantThatEnlargesX",
     Form("%a = Mul(%c, %x)\n%y = Max(%x, %a)", "f32[2, 1, 3] = 0.5", "f32[1, 3]")},
    {"AConstantOfHigherRank",
     Form("%a = Mul(%c, %x)\n%y = Max(%x, %a)", "f32[1, 1, 3] = 0.5", "f32[2, 3]")},
    {"AConstantBesideAnUnknownDimension",
     Form("%a = Mul(%c, %x)\n%y = Max(%x, %a)", "f32[3] = 0.5", "f32[2, ?]")},
    {"AFactorThatIsComputed", Form("%z = Sigmoid(%x)\n%a = Mul(%z, %x)\n%y = Max(%x, %a)")},
    {"IntegersInMax", R"(
input %x: i64[3]
const %c: i64[] = 0
%a = Mul(%c, %x)
%y = Max(%x, %a)
output %y
)"},
    {"AReluOfAnotherThanZero",
     Form("%r = Max(%x, %one)\n%n = Neg(%x)\n%s = Max(%n, %zero)\n%a = Mul(%c, %s)\n"
          "%y = Sub(%r, %a)")},
    {"AClipThatEndsBelowInfinity",
     Form("%r = Clip(%x, %zero, %d)\n%n = Min(%x, %zero)\n%a = Mul(%n, %c)\n%y = Add(%r, %a)")},
    {"ADifferenceFromAnotherAbs",
     Form("%r = Max(%x, %zero)\n%t = Tanh(%x)\n%p = Abs(%t)\n%s = Sub(%x, %p)\n%a = Mul(%c, %s)\n"
          "%y = Add(%r, %a)")},
    {"WhatRoundsDifferently", Form("%n = Min(%x, %zero)\n%a = Mul(%n, %c)\n%y = Sub(%x, %a)")},
};

INSTANTIATE_TEST_SUITE_P(Forms, LeftAloneTest, testing::ValuesIn(kLeftAlone),
                         [](const auto& form) { return form.param.claim; });

struct Relaxed {
  std::string claim;
  std::string nodes;
  float slope;
};

TEST(RecognizeRectifierTest, RelaxedFormsAreRecognizedWhenAskedFor) {
  const std::string constants = "const %k: f32[] = 0.625\nconst %m: f32[] = 0.375\n";
  for (const Relaxed& form : {
           Relaxed{"half sums",
                   "%p = Abs(%x)\n%a = Mul(%k, %x)\n%b = Mul(%m, %p)\n%y = Add(%a, %b)", 0.25F},
           Relaxed{"x and relu",
                   "%r = Max(%x, %zero)\n%a = Mul(%k, %x)\n%b = Mul(%m, %r)\n%y = Add(%b, %a)",
                   0.625F},
           Relaxed{"min", "%n = Min(%x, %zero)\n%a = Mul(%n, %c)\n%y = Sub(%x, %a)", 0.75F},
           Relaxed{"relu of the negation",
                   "%n = Neg(%x)\n%r = Max(%n, %zero)\n%a = Mul(%r, %c)\n%y = Add(%x, %a)", 0.75F},
       }) {
    SCOPED_TRACE(form.claim);
    Graph graph = TypedGraph(Form(constants + form.nodes));
    const Pass& pass = FindPass("recognize-rectifier");
    EXPECT_EQ(*pass.run(graph, PassContext{NewOneDnnCompiler, false}), 0);
    EXPECT_EQ(*pass.run(graph, PassContext{NewOneDnnCompiler, true}), 1);
    ASSERT_EQ(graph.nodes().size(), 1u) << PrintGraph(graph);
    EXPECT_EQ(graph.constant(graph.nodes()[0].inputs[1])->data<float>()[0], form.slope);
  }
}

TEST(RecognizeRectifierTest, SumsOtherThanOneAreNoRectifier) {
  Graph graph =
      TypedGraph(Form("const %m: f32[] = 0.5\n%p = Abs(%x)\n%a = Mul(%c, %x)\n%b = Mul(%m, %p)\n"
                      "%y = Add(%a, %b)"));
  EXPECT_EQ(*FindPass("recognize-rectifier").run(graph, PassContext{NewOneDnnCompiler, true}), 0);
}

TEST(RectifierFormsTest, AreEachAFormulaOfTheirOwn) {
  std::set<std::string_view> formulas;
  for (const auto forms : {RectifierForms(), RelaxedRectifierForms()}) {
    for (const RectifierForm& form : forms) {
      EXPECT_TRUE(formulas.insert(form.formula).second) << form.formula;
      EXPECT_EQ(form.pattern.kind, Pattern::Kind::kOp) << form.formula;
    }
  }
}

}  // namespace
}  // namespace rectifier
