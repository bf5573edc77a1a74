#include "server/app/model_text.h"

#include <gtest/gtest.h>

#include "server/app/graph_dot.h"
#include "server/app/network_report.h"
#include "server/engine/onednn/onednn_compiler.h"
#include "tests/support/described_program.h"
#include "tests/support/graph_testing.h"

namespace rectifier {
namespace {

TEST(TableTest, ColumnsAreAsWideAsTheirWidestCell) {
  EXPECT_EQ(Table({{"a", "bb", "c"}, {"aaa", "b", "ccc"}, {"", "bbbb", ""}}),
            "  a    bb    c\n"
            "  aaa  b     ccc\n"
            "       bbbb  \n");
}

TEST(TableTest, CountsCharactersNotBytes) {
  EXPECT_EQ(Table({{"α", "x"}, {"größe", "y"}, {"…", "z"}}),
            "  α      x\n"
            "  größe  y\n"
            "  …      z\n");
}

TEST(TableTest, RowsMayBeOfDifferentLengths) {
  EXPECT_EQ(Table({{"a"}, {"aaa", "b"}, {"aa", "bb", "c"}}),
            "  a\n"
            "  aaa  b\n"
            "  aa   bb  c\n");
}

TEST(TableTest, OfNothingIsNothing) { EXPECT_EQ(Table({}), ""); }

TEST(PortsTextTest, ListsInputsThenOutputsByTheirOwnNames) {
  EXPECT_EQ(PortsText(TypedGraph(R"(
input %image: f32[?, 1, 8, 8]
input %n: f32[2]
%y = Flatten(%image)
output "logits" = %y
)")),
            "  input   image   FP32  [?, 1, 8, 8]\n"
            "  input   n       FP32  [2]\n"
            "  output  logits  FP32  [?, 64]\n");
}

TEST(OperatorCountsTest, CountsFusedOnesApart) {
  EXPECT_EQ(OperatorCounts(TypedGraph(R"(
input %x: f32[?, 2]
const %w: f32[2, 2] = 1.0
const %s: f32[] = 0.5
%a = Gemm(%x, %w) -> Rectifier(%s) @"r"
%b = Gemm(%a, %w) -> Rectifier(%s) @"q"
%c = Rectifier(%b, %s) {origin = "leaky_relu"}
output %c
)")),
            "2 Gemm, 1 Rectifier, 2 Rectifier (fused)");
  EXPECT_EQ(OperatorCounts(TypedGraph("input %x: f32[2]\noutput %x\n")), "");
}

constexpr std::string_view kNetwork = R"g(
input %x: f32[?, 1, 4]
input %given: f32[]
const %w: f32[2, 1, 1] = [1.0, 3.0]
const %learned: f32[2, 1] = [0.25, -0.75]
const %chosen: f32[] = 0.01
const %zero: f32[] = 0.0
%a = Conv(%x, %w) @"conv" -> Rectifier(%learned) {origin = "prelu"} @"act_1"
%b = Rectifier(%a, %chosen) {origin = "leaky_relu"} @"act_2"
%c = Rectifier(%b, %zero) {origin = "relu"} @"act_3"
%d = Rectifier(%c, %given) {origin = "prelu"} @"act_4"
%e = Rectifier(%d, %chosen) {form = "max(x, k·x)", origin = "recognized"} @"act_5"
output %e
)g";

TEST(RectifierTableTest, SaysWhereEverySlopeComesFromAndHowItRuns) {
  const DescribedProgram program({}, {},
                                 {{"conv", "Reorder", "jit:uni", ""},
                                  {"conv", "Conv", "brgconv:avx2", ""},
                                  {"act_2", "Rectifier", "jit:avx2", ""},
                                  {"act_2", "Rectifier", "ref", ""}});
  EXPECT_EQ(
      RectifierTable(DescribeRectifiers(TypedGraph(kNetwork), program)),
      "  node   form         slope is        shape   min       mean      max       runs as\n"
      "  act_1  PRelu        learned         [2, 1]  -0.75     -0.25     0.25      post-op of "
      "conv, brgconv:avx2\n"
      "  act_2  LeakyRelu    hyperparameter  []      0.01      0.01      0.01      a step of "
      "its own, jit:avx2, ref\n"
      "  act_3  Relu         none (ReLU)     []      0         0         0         a step of "
      "its own, -\n"
      "  act_4  PRelu        learned         []      computed  computed  computed  a step of "
      "its own, -\n"
      "  act_5  max(x, k·x)  recognised      []      0.01      0.01      0.01      a step of "
      "its own, -\n");
}

TEST(RectifierTableTest, NamesTheImplementationsOfARealProgram) {
  const Graph graph = TypedGraph(kNetwork);
  const auto program = NewOneDnnCompiler({})->Compile(graph, BoundInputShapes(graph, 1));
  ASSERT_TRUE(program.ok()) << Message(program.status());
  const auto rectifiers = DescribeRectifiers(graph, **program);
  EXPECT_EQ(rectifiers.size(), 5u);
  for (const RectifierInfo& info : rectifiers) EXPECT_NE(info.implementation, "-") << info.node;
}

TEST(RectifierTableTest, SaysWhenThereIsNone) { EXPECT_EQ(RectifierTable({}), "  none\n"); }

TEST(MeasureCostTest, CountsWhatANetworkCosts) {
  const auto cost = MeasureCost(TypedGraph(R"(
input %x: f32[?, 2, 10]
const %w: f32[4, 2, 3] = seed(1)
const %v: f32[32, 5] = seed(2)
const %flat: i64[2] = [-1, 32]
%a = Conv(%x, %w)
%f = Reshape(%a, %flat)
%y = MatMul(%f, %v)
output %y
)"),
                                NewOneDnnCompiler, 1);
  ASSERT_TRUE(cost.ok()) << Message(cost.status());
  EXPECT_EQ(cost->parameters, 4 * 2 * 3 + 32 * 5);
  // 8 positions of 4 channels of 6 products; 5 columns of 32.
  EXPECT_DOUBLE_EQ(cost->gflop, 2e-9 * (8 * 4 * 6 + 5 * 32));
  ASSERT_EQ(cost->memory.size(), 3u);
  EXPECT_EQ(cost->memory[1].batch, 8);
  EXPECT_GE(cost->memory[2].arena_bytes, cost->memory[0].arena_bytes);
  EXPECT_GT(cost->weight_bytes, 0);
  EXPECT_GE(cost->steps, 2);
}

TEST(GraphDotTest, HasABoxForEachNodeAndAnArrowForEachValue) {
  EXPECT_EQ(GraphDot(TypedGraph(R"(
input %x: f32[?, 2]
const %w: f32[2, 2] = 1.0
const %s: f32[] = 0.5
%a = Gemm(%x, %w) @"fc" -> Rectifier(%s) @"act"
%b = Tanh(%a)
output %b
)")),
            R"(digraph "" {
  node [shape=box]
  "input x" [shape=ellipse]
  n0 [label="Gemm fc + Rectifier act"]
  "input x" -> n0 [label="f32[?, 2]"]
  n1 [label="Tanh b"]
  n0 -> n1 [label="f32[?, 2]"]
  "output b" [shape=ellipse]
  n1 -> "output b" [label="f32[?, 2]"]
}
)");
}

}  // namespace
}  // namespace rectifier
