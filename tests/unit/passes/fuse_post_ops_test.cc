#include <gtest/gtest.h>

#include "tests/unit/passes/rewrite_testing.h"

namespace rectifier {
namespace {

// A node that takes post-ops, and what it reads.
struct Producer {
  std::string definitions;
  std::string node;
};

const Producer kConv = {R"(
input %x: f32[?, 2, 3, 4]
const %w: f32[3, 2, 1, 1] = seed(1)
const %b: f32[3] = seed(2)
)",
                        "Conv(%x, %w, %b) {strides = [1, 2]}"};
const Producer kConvTranspose = {R"(
input %x: f32[?, 2, 3, 4]
const %w: f32[2, 3, 2, 1] = seed(1)
)",
                                 "ConvTranspose(%x, %w) {strides = [2, 1]}"};
const Producer kGemm = {R"(
input %x: f32[?, 2]
const %b: f32[2, 3] = seed(1)
const %c: f32[3] = seed(2)
)",
                        "Gemm(%x, %b, %c) {alpha = 0.5}"};
const Producer kMatMul = {R"(
input %x: f32[?, 4, 2]
const %b: f32[2, 3] = seed(1)
)",
                          "MatMul(%x, %b)"};

std::string Before(const Producer& producer, std::string_view slope) {
  return fmt::format(R"({}
const %slope: {}
%p = {} @"producer"
%y = Rectifier(%p, %slope) {{origin = "prelu"}} @"activation"
output %y
)",
                     producer.definitions, slope, producer.node);
}

RewriteCase Fused(std::string name, const Producer& producer, std::string_view slope) {
  const std::string after = fmt::format(R"({}
const %slope: {}
%y = {} @"producer" -> Rectifier(%slope) {{origin = "prelu"}} @"activation"
output %y
)",
                                        producer.definitions, slope, producer.node);
  return {std::move(name), Before(producer, slope), after, 1};
}

RewriteCase Kept(std::string name, const Producer& producer, std::string_view slope) {
  return Unchanged(std::move(name), Before(producer, slope));
}

std::vector<RewriteCase> SlopeCases() {
  return {
      Fused("AScalarIntoConv", kConv, "f32[] = 0.1"),
      Fused("OnePerChannelIntoConv", kConv, "f32[3, 1, 1] = [0.1, 0.2, 0.3]"),
      Fused("OnePerChannelWithABatchAxisIntoConv", kConv, "f32[1, 3, 1, 1] = [0.1, 0.2, 0.3]"),
      Fused("AUniformOneOfAnyShapeIntoConv", kConv, "f32[3, 2] = 0.1"),
      Kept("KeepsOnePerElementAfterConv", kConv, "f32[3, 3, 2] = seed(3)"),
      Kept("KeepsOnePerRowAfterConv", kConv, "f32[3, 1] = [0.1, 0.2, 0.3]"),
      Kept("KeepsOnePerColumnAfterConv", kConv, "f32[2] = [0.1, 0.2]"),
      Fused("AScalarIntoConvTranspose", kConvTranspose, "f32[] = -2.0"),
      Fused("OnePerChannelIntoConvTranspose", kConvTranspose, "f32[3, 1, 1] = [0.1, 0.2, 0.3]"),
      Kept("KeepsOnePerElementAfterConvTranspose", kConvTranspose, "f32[3, 6, 4] = seed(3)"),
      Fused("AScalarIntoGemm", kGemm, "f32[1] = 0.1"),
      Fused("OnePerColumnIntoGemm", kGemm, "f32[3] = [0.1, 0.2, 0.3]"),
      Fused("OneRowIntoGemm", kGemm, "f32[1, 3] = [0.1, 0.2, 0.3]"),
      Kept("KeepsOnePerRowAfterGemm", kGemm, "f32[3, 1] = [0.1, 0.2, 0.3]"),
      Fused("AScalarIntoMatMul", kMatMul, "f32[] = 0.1"),
      Fused("OnePerColumnIntoMatMul", kMatMul, "f32[3] = [0.1, 0.2, 0.3]"),
      Kept("KeepsOnePerRowAfterMatMul", kMatMul, "f32[4, 1] = [0.1, 0.2, 0.3, 0.4]"),
      Kept("KeepsOnePerElementAfterMatMul", kMatMul, "f32[4, 3] = seed(3)"),
      Kept("KeepsOneAfterMatMulOfTwoInputs",
           {"input %x: f32[?, 4, 2]\ninput %b: f32[2, 3]\n", "MatMul(%x, %b)"}, "f32[] = 0.1"),
      Kept("KeepsOneAfterMatMulOfConstantMatrices",
           {"input %x: f32[?, 4, 2]\nconst %b: f32[1, 2, 3] = seed(1)\n", "MatMul(%x, %b)"},
           "f32[] = 0.1"),
      Kept("KeepsOneAfterMatMulWithAVector",
           {"input %x: f32[?, 4, 2]\nconst %b: f32[2] = seed(1)\n", "MatMul(%x, %b)"},
           "f32[] = 0.1"),
      Kept("KeepsOneAfterPooling", {"input %x: f32[?, 4, 2]\n", "MaxPool(%x) {kernel_shape = [2]}"},
           "f32[] = 0.1"),
  };
}

std::vector<RewriteCase> GraphCases() {
  return {
      {"TwoInARowKeepTheirOrder", R"(
input %x: f32[?, 2]
const %b: f32[2, 2] = seed(1)
const %s: f32[] = 0.1
const %t: f32[2] = [0.2, 0.3]
%p = Gemm(%x, %b)
%q = Rectifier(%p, %s) {origin = "leaky_relu"}
%y = Rectifier(%q, %t) {origin = "prelu"}
output %y
)",
       R"(
input %x: f32[?, 2]
const %b: f32[2, 2] = seed(1)
const %s: f32[] = 0.1
const %t: f32[2] = [0.2, 0.3]
%y = Gemm(%x, %b) @"p" -> Rectifier(%s) {origin = "leaky_relu"} @"q" -> Rectifier(%t) {origin = "prelu"} @"y"
output %y
)",
       2},
      {"AfterTheFirstThatIsReadTwiceTheSecondStays", R"(
input %x: f32[?, 2]
const %b: f32[2, 2] = seed(1)
const %s: f32[] = 0.1
%p = Gemm(%x, %b)
%q = Rectifier(%p, %s) {origin = "prelu"}
%y = Rectifier(%q, %s) {origin = "prelu"}
output %q
output %y
)",
       R"(
input %x: f32[?, 2]
const %b: f32[2, 2] = seed(1)
const %s: f32[] = 0.1
%q = Gemm(%x, %b) @"p" -> Rectifier(%s) {origin = "prelu"} @"q"
%y = Rectifier(%q, %s) {origin = "prelu"}
output %q
output %y
)",
       1},
      {"AddsToThePostOpsThatAreThere", R"(
input %x: f32[?, 2]
const %b: f32[2, 2] = seed(1)
const %s: f32[] = 0.1
const %t: f32[] = 0.2
%p = Gemm(%x, %b) -> Rectifier(%s) @"before"
%y = Rectifier(%p, %t) {origin = "prelu"}
output %y
)",
       R"(
input %x: f32[?, 2]
const %b: f32[2, 2] = seed(1)
const %s: f32[] = 0.1
const %t: f32[] = 0.2
%y = Gemm(%x, %b) @"p" -> Rectifier(%s) @"before" -> Rectifier(%t) {origin = "prelu"} @"y"
output %y
)",
       1},
      Unchanged("KeepsOneWhoseProducerHasAnotherReader", R"(
input %x: f32[?, 2]
const %b: f32[2, 2] = seed(1)
const %s: f32[] = 0.1
%p = Gemm(%x, %b)
%q = Rectifier(%p, %s) {origin = "prelu"}
%y = Add(%p, %q)
output %y
)"),
      Unchanged("KeepsOneWhoseProducerIsAnOutput", R"(
input %x: f32[?, 2]
const %b: f32[2, 2] = seed(1)
const %s: f32[] = 0.1
%p = Gemm(%x, %b)
%y = Rectifier(%p, %s) {origin = "prelu"}
output %y
output %p
)"),
      Unchanged("KeepsOneWhoseSlopeIsComputed", R"(
input %x: f32[?, 2]
const %b: f32[2, 2] = seed(1)
const %s: f32[] = 0.1
%slope = Tanh(%s)
%p = Gemm(%x, %b)
%y = Rectifier(%p, %slope) {origin = "prelu"}
output %y
)"),
      Unchanged("KeepsOneWhoseSlopeIsAnInput", R"(
input %x: f32[?, 2]
input %slope: f32[2]
const %b: f32[2, 2] = seed(1)
%p = Gemm(%x, %b)
%y = Rectifier(%p, %slope) {origin = "prelu"}
output %y
)"),
      Unchanged("KeepsOneThatReadsItsProducerAsSlopeToo", R"(
input %x: f32[?, 2]
const %b: f32[2, 2] = seed(1)
%p = Gemm(%x, %b)
%y = Rectifier(%p, %p) {origin = "prelu"}
output %y
)"),
      Unchanged("KeepsOneOfAnInput", R"(
input %x: f32[?, 2]
const %s: f32[] = 0.1
%y = Rectifier(%x, %s) {origin = "prelu"}
output %y
)"),
  };
}

// Two convolutions of x and their sum.
constexpr char kTwoConvs[] = R"(
input %x: f32[?, 2, 3, 4]
const %v: f32[2, 2, 1, 1] = seed(1)
const %w: f32[2, 2, 1, 1] = seed(2)
const %s: f32[] = 0.1
)";

std::vector<RewriteCase> SumCases() {
  return {
      {"ASumGoesIntoTheLaterOfTwoConvs", std::string(kTwoConvs) + R"(
%a = Conv(%x, %v)
%b = Conv(%x, %w)
%y = Add(%a, %b) @"sum"
output %y
)",
       std::string(kTwoConvs) + R"(
%a = Conv(%x, %v)
%y = Conv(%x, %w) @"b" -> Add(%a) @"sum"
output %y
)",
       1},
      {"ASumWithItsOwnInputIsFusedAndWhatFollows", std::string(kTwoConvs) + R"(
%a = Conv(%x, %v)
%b = Rectifier(%a, %s) {origin = "prelu"}
%c = Add(%b, %x) @"sum"
%y = Rectifier(%c, %s) {origin = "prelu"}
output %y
)",
       std::string(kTwoConvs) + R"(
%y = Conv(%x, %v) @"a" -> Rectifier(%s) {origin = "prelu"} @"b" -> Add(%x) @"sum" -> Rectifier(%s) {origin = "prelu"} @"y"
output %y
)",
       3},
      {"AHeightThatIsOpenIsTheSameWhereConvsKeepIt", R"(
input %x: f32[?, 2, ?, ?]
const %w: f32[2, 2, 3, 3] = seed(1)
const %s: f32[] = 0.1
%p = Rectifier(%x, %s) {origin = "prelu"}
%a = Conv(%p, %w) {dilations = [2, 1], pads = [2, 1, 2, 1]}
%b = Conv(%a, %w) {auto_pad = "SAME_UPPER"}
%y = Add(%b, %x) @"sum"
output %y
)",
       R"(
input %x: f32[?, 2, ?, ?]
const %w: f32[2, 2, 3, 3] = seed(1)
const %s: f32[] = 0.1
%p = Rectifier(%x, %s) {origin = "prelu"}
%a = Conv(%p, %w) {dilations = [2, 1], pads = [2, 1, 2, 1]}
%y = Conv(%a, %w) {auto_pad = "SAME_UPPER"} @"b" -> Add(%x) @"sum"
output %y
)",
       1},
      Unchanged("ASumWithAnotherInputWhoseHeightIsOpen", R"(
input %x: f32[?, 2, ?, 4]
input %z: f32[?, 2, ?, 4]
const %w: f32[2, 2, 1, 1] = seed(1)
%a = Conv(%x, %w)
%y = Add(%a, %z)
output %y
)"),
      Unchanged("ASumAfterAConvThatChangesTheHeight", R"(
input %x: f32[1, 2, ?, 4]
const %w: f32[2, 2, 3, 1] = seed(1)
%a = Conv(%x, %w)
%y = Add(%a, %x)
output %y
)"),
      Unchanged("ASumWithWhatIsComputedLater", std::string(kTwoConvs) + R"(
%a = Conv(%x, %v)
%b = Tanh(%x)
%y = Add(%a, %b)
output %y
)"),
      Unchanged("ASumWithAConstant", std::string(kTwoConvs) + R"(
const %c: f32[1, 2, 3, 4] = seed(3)
%a = Conv(%x, %v)
%y = Add(%a, %c)
output %y
)"),
      Unchanged("ASumThatBroadcasts", std::string(kTwoConvs) + R"(
input %z: f32[1, 2, 1, 1]
%a = Conv(%x, %v)
%y = Add(%a, %z)
output %y
)"),
      Unchanged("ASumOfAConvWithItself", std::string(kTwoConvs) + R"(
%a = Conv(%x, %v)
%y = Add(%a, %a)
output %y
)"),
      Unchanged("ASumAfterAnotherOperator", R"(
input %x: f32[?, 2]
const %b: f32[2, 2] = seed(1)
%p = Gemm(%x, %b)
%y = Add(%p, %x)
output %y
)"),
  };
}

TEST(ManyPostOpsTest, AreNotMoreThanAPrimitiveTakes) {
  std::string text =
      "input %x: f32[1, 2, 3, 4]\nconst %w: f32[2, 2, 1, 1] = seed(1)\n%t = Tanh(%x)\n"
      "%y0 = Conv(%x, %w)\n";
  constexpr int kSums = 40;
  for (int i = 0; i < kSums; ++i) text += fmt::format("%y{} = Add(%y{}, %t)\n", i + 1, i);
  Graph graph = TypedGraph(text + fmt::format("output %y{}\n", kSums));
  EXPECT_EQ(MustRun("fuse-post-ops", graph), 8);
  const std::vector<Shape> shapes = {{1, 2, 3, 4}};
  EXPECT_TRUE(NewOneDnnCompiler({})->Compile(graph, shapes).ok());
}

class FusePostOpsTest : public testing::TestWithParam<RewriteCase> {};
TEST_P(FusePostOpsTest, Rewrites) { ExpectRewrite("fuse-post-ops", GetParam()); }
INSTANTIATE_TEST_SUITE_P(Slopes, FusePostOpsTest, testing::ValuesIn(SlopeCases()), CaseName);
INSTANTIATE_TEST_SUITE_P(Sums, FusePostOpsTest, testing::ValuesIn(SumCases()), CaseName);
INSTANTIATE_TEST_SUITE_P(Graphs, FusePostOpsTest, testing::ValuesIn(GraphCases()), CaseName);

}  // namespace
}  // namespace rectifier
