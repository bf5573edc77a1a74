#include <gtest/gtest.h>

#include "tests/unit/passes/rewrite_testing.h"

namespace rectifier {
namespace {

// c = x − mean(x) over `axes`, then `rest`, which may use the constants below.
std::string Before(std::string_view axes, std::string_view rest,
                   std::string_view x = "f32[?, 2, 3, 2]") {
  return fmt::format(R"(
input %x: {}
const %axes: i64[{}] = {}
const %two: f32[] = 2.0
const %epsilon: f32[] = 0.25
const %scale: f32[2, 1, 1] = [3.0, 4.0]
const %bias: f32[1, 2, 1, 1] = [5.0, 6.0]
const %of_width: f32[2] = [3.0, 4.0]
%m = ReduceMean(%x, %axes)
%c = Sub(%x, %m)
{}
)",
                     x, std::count(axes.begin(), axes.end(), ',') + 1, axes, rest);
}

constexpr char kDivided[] = R"(%q = Mul(%c, %c)
%v = ReduceMean(%q, %axes)
%e = Add(%v, %epsilon)
%d = Sqrt(%e)
%n = Div(%c, %d)
)";

std::string Divided(std::string_view axes, std::string_view rest) {
  return Before(axes, std::string(kDivided) + std::string(rest));
}

std::vector<RewriteCase> RecognizedCases() {
  return {
      {"OverThePositionsOfAChannelItIsAnInstanceNormalization",
       Divided("[2, 3]", "%s = Mul(%n, %scale)\n%y = Add(%s, %bias)\noutput %y"), R"(
input %x: f32[?, 2, 3, 2]
const %y.scale: f32[2] = [3.0, 4.0]
const %y.bias: f32[2] = [5.0, 6.0]
%y = InstanceNormalization(%x, %y.scale, %y.bias) {epsilon = 0.25}
output %y
)",
       1},
      {"OverAllButTheBatchItIsAGroupNormalization",
       Divided("[1, 2, 3]", "%s = Mul(%scale, %n)\n%y = Add(%bias, %s)\noutput %y"), R"(
input %x: f32[?, 2, 3, 2]
const %y.scale: f32[2] = [3.0, 4.0]
const %y.bias: f32[2] = [5.0, 6.0]
%y = GroupNormalization(%x, %y.scale, %y.bias) {epsilon = 0.25, num_groups = 1}
output %y
)",
       1},
      {"WithoutScaleAndBiasTheyAreOnesAndZeros", Divided("[-2, -1]", "output %n"), R"(
input %x: f32[?, 2, 3, 2]
const %n.scale: f32[2] = [1.0, 1.0]
const %n.bias: f32[2] = [0.0, 0.0]
%n = InstanceNormalization(%x, %n.scale, %n.bias) {epsilon = 0.25}
output %n
)",
       1},
      {"OverTheLastAxisItIsALayerNormalization",
       Divided("[3]", "%s = Mul(%n, %of_width)\n%y = Add(%s, %of_width)\noutput %y"), R"(
input %x: f32[?, 2, 3, 2]
const %y.scale: f32[2] = [3.0, 4.0]
const %y.bias: f32[2] = [3.0, 4.0]
%y = LayerNormalization(%x, %y.scale, %y.bias) {axis = 3, epsilon = 0.25}
output %y
)",
       1},
      {"ASquareMayBeAPower", Before("[2, 3]", R"(%q = Pow(%c, %two)
%v = ReduceMean(%q, %axes)
%e = Add(%epsilon, %v)
%d = Sqrt(%e)
%y = Div(%c, %d)
output %y)"),
       R"(
input %x: f32[?, 2, 3, 2]
const %y.scale: f32[2] = [1.0, 1.0]
const %y.bias: f32[2] = [0.0, 0.0]
%y = InstanceNormalization(%x, %y.scale, %y.bias) {epsilon = 0.25}
output %y
)",
       1},
      {"AScaleThatVariesInAnotherWayStaysBehind", Divided("[2, 3]", "%y = Mul(%n, %x)\noutput %y"),
       R"(
input %x: f32[?, 2, 3, 2]
const %n.scale: f32[2] = [1.0, 1.0]
const %n.bias: f32[2] = [0.0, 0.0]
%n = InstanceNormalization(%x, %n.scale, %n.bias) {epsilon = 0.25}
%y = Mul(%n, %x)
output %y
)",
       1},
  };
}

std::vector<RewriteCase> UnchangedCases() {
  return {
      Unchanged("MeansOverDifferentAxes", Before("[2, 3]", R"(const %others: i64[1] = [3]
%q = Mul(%c, %c)
%v = ReduceMean(%q, %others)
%e = Add(%v, %epsilon)
%d = Sqrt(%e)
%y = Div(%c, %d)
output %y)")),
      Unchanged("AMeanOverTheBatch", Divided("[0, 2, 3]", "output %n")),
      Unchanged("AMeanOfTheCentredThatOthersRead", Divided("[2, 3]", "output %n\noutput %c")),
      Unchanged("ADeviationThatOthersRead", Divided("[2, 3]", "%z = Add(%n, %d)\noutput %z")),
      Unchanged("AProductWithSomethingElse", Before("[2, 3]", R"(%q = Mul(%c, %x)
%v = ReduceMean(%q, %axes)
%e = Add(%v, %epsilon)
%d = Sqrt(%e)
%y = Div(%c, %d)
output %y)")),
      Unchanged("AnotherPower", Before("[2, 3]", R"(const %three: f32[] = 3.0
%q = Pow(%c, %three)
%v = ReduceMean(%q, %axes)
%e = Add(%v, %epsilon)
%d = Sqrt(%e)
%y = Div(%c, %d)
output %y)")),
      Unchanged("AnEpsilonForEachChannel", Before("[2, 3]", R"(%q = Mul(%c, %c)
%v = ReduceMean(%q, %axes)
%e = Add(%v, %bias)
%d = Sqrt(%e)
%y = Div(%c, %d)
output %y)")),
      Unchanged("AnEpsilonOfMoreDimensions",
                Before("[2, 3]", R"(const %high: f32[1, 1, 1, 1, 1] = 0.25
%q = Mul(%c, %c)
%v = ReduceMean(%q, %axes)
%e = Add(%v, %high)
%d = Sqrt(%e)
%y = Div(%c, %d)
output %y)")),
  };
}

// A claim of the model's file must not make constants that it does not hold.
TEST(RecognizeNormalizationBudgetTest, OfMoreChannelsThanItAllowsThereIsNoScaleForEach) {
  Graph graph =
      TypedGraph(Before("[2, 3]", std::string(kDivided) + "output %n", "f32[?, 1073741824, 1, 1]"));
  EXPECT_EQ(MustRun("recognize-normalization", graph), 1);
  EXPECT_EQ(graph.nodes().back().op, "LayerNormalization");
  EXPECT_EQ(graph.constant(graph.nodes().back().inputs[1])->ElementCount(), 1);
}

TEST(RecognizeNormalizationBudgetTest, CopiesOfAScaleThatManyShareAreBounded) {
  constexpr int kMatches = 20;
  std::string text =
      "input %x: f32[?, 1048576]\nconst %axes: i64[1] = [1]\nconst %epsilon: f32[] = 0.25\n"
      "const %scale: f32[1048576] = 2.0\n";
  for (int i = 0; i < kMatches; ++i) {
    text += fmt::format(
        "%m{0} = ReduceMean(%x, %axes)\n%c{0} = Sub(%x, %m{0})\n%q{0} = Mul(%c{0}, %c{0})\n"
        "%v{0} = ReduceMean(%q{0}, %axes)\n%e{0} = Add(%v{0}, %epsilon)\n%d{0} = Sqrt(%e{0})\n"
        "%n{0} = Div(%c{0}, %d{0})\n%y{0} = Mul(%n{0}, %scale)\noutput %y{0}\n",
        i);
  }
  Graph graph = TypedGraph(text);
  EXPECT_EQ(MustRun("recognize-normalization", graph), 16) << "of 4 MiB each, in 64";
}

class RecognizeNormalizationTest : public testing::TestWithParam<RewriteCase> {};

TEST_P(RecognizeNormalizationTest, TurnsOneTextIntoTheOther) {
  ExpectRewrite("recognize-normalization", GetParam());
}

INSTANTIATE_TEST_SUITE_P(Recognized, RecognizeNormalizationTest,
                         testing::ValuesIn(RecognizedCases()), CaseName);
INSTANTIATE_TEST_SUITE_P(Unchanged, RecognizeNormalizationTest, testing::ValuesIn(UnchangedCases()),
                         CaseName);

}  // namespace
}  // namespace rectifier
