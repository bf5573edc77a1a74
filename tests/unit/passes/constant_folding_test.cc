#include <gtest/gtest.h>

#include "tests/unit/passes/rewrite_testing.h"

namespace rectifier {
namespace {

constexpr std::string_view kPass = "constant-folding";

std::vector<RewriteCase> Cases() {
  return {
      {"ComputesAChainOfConstants", R"(
input %x: f32[2]
const %a: f32[2] = [1.0, 2.0]
const %b: f32[2] = [10.0, 20.0]
%c = Add(%a, %b)
%d = Mul(%c, %c)
%y = Add(%x, %d)
output %y
)",
       R"(
input %x: f32[2]
const %d: f32[2] = [121.0, 484.0]
%y = Add(%x, %d)
output %y
)",
       2},
      {"AnOutputMayBecomeAConstant", R"(
input %x: f32[2]
const %a: f32[2] = [1.0, 2.0]
%c = Add(%a, %a)
%d = Mul(%c, %a)
output %x
output "sum" = %c
output %d
)",
       R"(
input %x: f32[2]
const %c: f32[2] = [2.0, 4.0]
const %d: f32[2] = [2.0, 8.0]
output %x
output "sum" = %c
output %d
)",
       2},
      {"AComputedSlopeBecomesAConstant", R"(
input %x: f32[?, 2, 3]
const %slope: f32[2] = [0.5, 0.25]
const %shape: i64[2] = [2, 1]
%column = Reshape(%slope, %shape)
%y = Rectifier(%x, %column) {origin = "prelu"}
output %y
)",
       R"(
input %x: f32[?, 2, 3]
const %column: f32[2, 1] = [0.5, 0.25]
%y = Rectifier(%x, %column) {origin = "prelu"}
output %y
)",
       1},
      {"ComputesANodeWithAnInputLeftOut", R"(
const %x: f32[1, 2, 1, 1] = [3.0, 4.0]
const %w: f32[1, 2, 1, 1] = [1.0, 10.0]
%y = Conv(%x, %w, _)
output %y
)",
       R"(
const %y: f32[1, 1, 1, 1] = 43.0
output %y
)",
       1},
      {"ComputesARectifierOfConstants", R"(
const %x: f32[3] = [-2.0, 0.0, 2.0]
const %slope: f32[] = 0.5
%y = Rectifier(%x, %slope) {origin = "leaky_relu"} @"act"
output %y
)",
       R"(
const %y: f32[3] = [-1.0, 0.0, 2.0]
output %y
)",
       1},
      Unchanged("KeepsWhatReadsAnInput", R"(
input %x: f32[2]
const %a: f32[2] = [1.0, 2.0]
%c = Add(%x, %a)
%y = Mul(%c, %a)
output %y
)"),
      Unchanged("KeepsANodeWithPostOps", R"(
const %a: f32[1, 2] = [1.0, -2.0]
const %b: f32[2, 1] = [1.0, 1.0]
const %slope: f32[] = 0.5
%y = Gemm(%a, %b) -> Rectifier(%slope) @"act"
output %y
)"),
      {"ComputesIntegers", R"(
const %a: i64[2] = [1, 2]
%y = Mul(%a, %a)
output %y
)",
       R"(
const %y: i64[2] = [1, 4]
output %y
)",
       1},
      {"ComputesAResultWithoutElements", R"(
const %a: f32[0, 2] = []
%y = Tanh(%a)
output %y
)",
       R"(
const %y: f32[0, 2] = []
output %y
)",
       1},
      {"KnowsShapesThatAreNotDynamic", R"(
input %x: f32[2, 3, 4]
const %all: i64[1] = -1
const %first: i64[1] = 0
%s = Shape(%x)
%n = Gather(%s, %first)
%to = Concat(%n, %all) {axis = 0}
%y = Reshape(%x, %to)
output %y
)",
       R"(
input %x: f32[2, 3, 4]
const %to: i64[2] = [2, -1]
%y = Reshape(%x, %to)
output %y
)",
       3},
      Unchanged("KeepsShapesThatAreDynamic", R"(
input %x: f32[?, 3]
%y = Shape(%x)
output %y
)"),
      {"ComputesAllResultsOfANode", R"(
const %a: i64[4] = [1, 2, 3, 4]
%y, %z = Split(%a)
output %y
output %z
)",
       R"(
const %y: i64[2] = [1, 2]
const %z: i64[2] = [3, 4]
output %y
output %z
)",
       1},
      Unchanged("KeepsAResultAbove64MiB", R"(
const %a: f32[1] = 1.0
const %pads: i64[2] = [0, 16777216]
%y = Pad(%a, %pads)
output %y
)"),
  };
}

class ConstantFoldingTest : public testing::TestWithParam<RewriteCase> {};
TEST_P(ConstantFoldingTest, Rewrites) { ExpectRewrite(kPass, GetParam()); }
INSTANTIATE_TEST_SUITE_P(Cases, ConstantFoldingTest, testing::ValuesIn(Cases()), CaseName);

TEST(ConstantFoldingTest, FoldsAResultOf64MiB) {
  Graph graph = TypedGraph(R"(
const %a: f32[1] = 1.0
const %pads: i64[2] = [0, 16777215]
%y = Pad(%a, %pads)
output %y
)");
  EXPECT_EQ(MustRun(kPass, graph), 1);
  ASSERT_NE(graph.constant(graph.outputs()[0].value), nullptr);
  EXPECT_EQ(graph.constant(graph.outputs()[0].value)->bytes().size(), size_t{64} << 20);
}

// A file of a few hundred bytes may not take gigabytes by being loaded, by one result or by many.
TEST(ConstantFoldingTest, ResultsTogetherTakeAtMost64MiB) {
  std::string text = "const %a: f32[1] = 1.0\nconst %pads: i64[2] = [0, 4194303]\n";
  for (int i = 0; i < 5; ++i) text += fmt::format("%y{0} = Pad(%a, %pads)\noutput %y{0}\n", i);
  Graph graph = TypedGraph(text);
  ASSERT_GE(MustRun(kPass, graph), 0);
  size_t bytes = 0;
  for (ValueId id = 0; id < graph.value_count(); ++id) {
    if (graph.constant(id) != nullptr) bytes += graph.constant(id)->bytes().size();
  }
  EXPECT_LE(bytes, (size_t{64} << 20) + 1024);
}

}  // namespace
}  // namespace rectifier
