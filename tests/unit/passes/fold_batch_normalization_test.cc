#include <gtest/gtest.h>

#include "tests/unit/passes/rewrite_testing.h"

namespace rectifier {
namespace {

// Parameters for two channels: y = 2 · x + 8 and y = 1 · x + 18.
constexpr char kNormalization[] = R"(
const %scale: f32[2] = [4.0, 4.0]
const %shift: f32[2] = [10.0, 20.0]
const %mean: f32[2] = [1.0, 2.0]
const %variance: f32[2] = [4.0, 16.0]
)";
// For four: y = c · x + 1, where c = 1, 2, 3, 4.
constexpr char kNormalizationOf4[] = R"(
const %scale: f32[4] = [1.0, 2.0, 3.0, 4.0]
const %shift: f32[4] = 1.0
const %mean: f32[4] = 0.0
const %variance: f32[4] = 1.0
)";
constexpr char kReadsC[] =
    "%y = BatchNormalization(%c, %scale, %shift, %mean, %variance) {epsilon = 0.0} @\"bn\"\n"
    "output %y\n";

std::string Before(std::string_view rest) {
  return fmt::format("{}{}{}", kNormalization, rest, kReadsC);
}
std::string BeforeOf4(std::string_view rest) {
  return fmt::format("{}{}{}", kNormalizationOf4, rest, kReadsC);
}

std::vector<RewriteCase> FoldedCases() {
  return {
      {"AConvWithoutABiasGetsOne", Before(R"(
input %x: f32[?, 2, 3, 3]
const %w: f32[2, 2, 1, 2] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
%c = Conv(%x, %w) {pads = [0, 1, 0, 0]} @"conv"
)"),
       R"(
input %x: f32[?, 2, 3, 3]
const %w.normalized: f32[2, 2, 1, 2] = [2.0, 4.0, 6.0, 8.0, 5.0, 6.0, 7.0, 8.0]
const %w.bias: f32[2] = [8.0, 18.0]
%y = Conv(%x, %w.normalized, %w.bias) {pads = [0, 1, 0, 0]} @"conv"
output %y
)",
       1},
      {"ABiasIsScaledToo", Before(R"(
input %x: f32[?, 1, 4]
const %w: f32[2, 1, 1] = [1.0, 3.0]
const %b: f32[2] = [100.0, 1000.0]
%c = Conv(%x, %w, %b)
)"),
       R"(
input %x: f32[?, 1, 4]
const %w.normalized: f32[2, 1, 1] = [2.0, 3.0]
const %w.bias: f32[2] = [208.0, 1018.0]
%y = Conv(%x, %w.normalized, %w.bias) @"c"
output %y
)",
       1},
      {"ABiasThatIsLeftOutIsPutIn", Before(R"(
input %x: f32[?, 1, 4]
const %w: f32[2, 1, 1] = [1.0, 3.0]
%c = Conv(%x, %w, _)
)"),
       R"(
input %x: f32[?, 1, 4]
const %w.normalized: f32[2, 1, 1] = [2.0, 3.0]
const %w.bias: f32[2] = [8.0, 18.0]
%y = Conv(%x, %w.normalized, %w.bias) @"c"
output %y
)",
       1},
      {"EpsilonIsAddedToTheVariance", R"(
input %x: f32[?, 1, 4]
const %w: f32[1, 1, 1] = [3.0]
const %scale: f32[1] = 4.0
const %zero: f32[1] = 0.0
const %variance: f32[1] = 0.75
%c = Conv(%x, %w)
%y = BatchNormalization(%c, %scale, %zero, %zero, %variance) {epsilon = 0.25}
output %y
)",
       R"(
input %x: f32[?, 1, 4]
const %w.normalized: f32[1, 1, 1] = 12.0
const %w.bias: f32[1] = 0.0
%y = Conv(%x, %w.normalized, %w.bias) @"c"
output %y
)",
       1},
      {"AConvOfGroups", BeforeOf4(R"(
input %x: f32[?, 4, 2]
const %w: f32[4, 2, 1] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
%c = Conv(%x, %w) {group = 2}
)"),
       R"(
input %x: f32[?, 4, 2]
const %w.normalized: f32[4, 2, 1] = [1.0, 2.0, 6.0, 8.0, 15.0, 18.0, 28.0, 32.0]
const %w.bias: f32[4] = 1.0
%y = Conv(%x, %w.normalized, %w.bias) {group = 2} @"c"
output %y
)",
       1},
      {"AConvTransposeHasItsOutputChannelsSecond", Before(R"(
input %x: f32[?, 3, 2]
const %w: f32[3, 2, 2] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0]
%c = ConvTranspose(%x, %w) {strides = [2]}
)"),
       R"(
input %x: f32[?, 3, 2]
const %w.normalized: f32[3, 2, 2] = [2.0, 4.0, 3.0, 4.0, 10.0, 12.0, 7.0, 8.0, 18.0, 20.0, 11.0, 12.0]
const %w.bias: f32[2] = [8.0, 18.0]
%y = ConvTranspose(%x, %w.normalized, %w.bias) {strides = [2]} @"c"
output %y
)",
       1},
      {"AConvTransposeOfGroups", BeforeOf4(R"(
input %x: f32[?, 4, 2]
const %w: f32[4, 2, 1] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
const %b: f32[4] = [1.0, 2.0, 3.0, 4.0]
%c = ConvTranspose(%x, %w, %b) {group = 2}
)"),
       R"(
input %x: f32[?, 4, 2]
const %w.normalized: f32[4, 2, 1] = [1.0, 4.0, 3.0, 8.0, 15.0, 24.0, 21.0, 32.0]
const %w.bias: f32[4] = [2.0, 5.0, 10.0, 17.0]
%y = ConvTranspose(%x, %w.normalized, %w.bias) {group = 2} @"c"
output %y
)",
       1},
      {"OfTwoInARowTheFirstIsFolded", Before(R"(
input %x: f32[?, 1, 4]
const %w: f32[2, 1, 1] = [1.0, 3.0]
%p = Conv(%x, %w)
%c = BatchNormalization(%p, %scale, %shift, %mean, %variance) {epsilon = 0.0}
)"),
       fmt::format(R"({}
input %x: f32[?, 1, 4]
const %w.normalized: f32[2, 1, 1] = [2.0, 3.0]
const %w.bias: f32[2] = [8.0, 18.0]
%c = Conv(%x, %w.normalized, %w.bias) @"p"
{})",
                   kNormalization, kReadsC),
       1},
      {"WeightsThatAreSharedStayAsTheyAreForTheOthers", Before(R"(
input %x: f32[?, 1, 4]
const %w: f32[2, 1, 1] = [1.0, 3.0]
%c = Conv(%x, %w)
%other = Conv(%x, %w)
output %other
)"),
       R"(
input %x: f32[?, 1, 4]
const %w: f32[2, 1, 1] = [1.0, 3.0]
const %w.normalized: f32[2, 1, 1] = [2.0, 3.0]
const %w.bias: f32[2] = [8.0, 18.0]
%y = Conv(%x, %w.normalized, %w.bias) @"c"
%other = Conv(%x, %w)
output %other
output %y
)",
       1},
      {"TwoConvolutionsOfSharedWeightsGetWeightsOfTheirOwn", Before(R"(
input %x: f32[?, 1, 4]
const %w: f32[2, 1, 1] = [1.0, 3.0]
%c = Conv(%x, %w)
%d = Conv(%x, %w)
%z = BatchNormalization(%d, %mean, %scale, %shift, %variance) {epsilon = 0.0}
output %z
)"),
       R"(
input %x: f32[?, 1, 4]
const %w.normalized: f32[2, 1, 1] = [0.5, 1.5]
const %w.bias: f32[2] = [-1.0, -6.0]
const %w.normalized.1: f32[2, 1, 1] = [2.0, 3.0]
const %w.bias.1: f32[2] = [8.0, 18.0]
%y = Conv(%x, %w.normalized.1, %w.bias.1) @"c"
%z = Conv(%x, %w.normalized, %w.bias) @"d"
output %z
output %y
)",
       2},
  };
}

std::vector<RewriteCase> KeptCases() {
  return {
      Unchanged("KeepsOneWhoseConvHasAnotherReader", Before(R"(
input %x: f32[?, 1, 4]
const %w: f32[2, 1, 1] = [1.0, 3.0]
%c = Conv(%x, %w)
%z = Tanh(%c)
output %z
)")),
      Unchanged("KeepsOneWhoseConvIsAnOutput", Before(R"(
input %x: f32[?, 1, 4]
const %w: f32[2, 1, 1] = [1.0, 3.0]
%c = Conv(%x, %w)
output %c
)")),
      Unchanged("KeepsOneWhoseConvHasAPostOp", Before(R"(
input %x: f32[?, 1, 4]
const %w: f32[2, 1, 1] = [1.0, 3.0]
const %s: f32[] = 0.5
%c = Conv(%x, %w) -> Rectifier(%s) @"act"
)")),
      Unchanged("KeepsOneWhoseWeightsAreComputed", Before(R"(
input %x: f32[?, 1, 4]
input %w: f32[2, 1, 1]
%c = Conv(%x, %w)
)")),
      Unchanged("KeepsOneWhoseConvHasAComputedBias", Before(R"(
input %x: f32[?, 1, 4]
input %b: f32[2]
const %w: f32[2, 1, 1] = [1.0, 3.0]
%c = Conv(%x, %w, %b)
)")),
      Unchanged("KeepsOneOfAnInput", Before("input %c: f32[?, 2, 4]\n")),
      Unchanged("KeepsOneBehindAnotherOperator", Before(R"(
input %x: f32[?, 2, 4]
%c = Tanh(%x)
)")),
      Unchanged("KeepsOneWhoseScaleIsComputed", R"(
input %x: f32[?, 1, 4]
input %scale: f32[1]
const %w: f32[1, 1, 1] = [3.0]
const %p: f32[1] = 1.0
%c = Conv(%x, %w)
%y = BatchNormalization(%c, %scale, %p, %p, %p)
output %y
)"),
      Unchanged("KeepsOneWhoseVarianceIsComputed", R"(
input %x: f32[?, 1, 4]
const %w: f32[1, 1, 1] = [3.0]
const %p: f32[1] = 1.0
%variance = Sigmoid(%p)
%c = Conv(%x, %w)
%y = BatchNormalization(%c, %p, %p, %p, %variance)
output %y
)"),
  };
}

class FoldBatchNormalizationTest : public testing::TestWithParam<RewriteCase> {};
TEST_P(FoldBatchNormalizationTest, Rewrites) {
  ExpectRewrite("fold-batch-normalization", GetParam());
}
INSTANTIATE_TEST_SUITE_P(Folded, FoldBatchNormalizationTest, testing::ValuesIn(FoldedCases()),
                         CaseName);
INSTANTIATE_TEST_SUITE_P(Kept, FoldBatchNormalizationTest, testing::ValuesIn(KeptCases()),
                         CaseName);

// Weights of 40 MiB: the copies of three convolutions would be 120 MiB.
TEST(FoldBatchNormalizationTest, CopiesOfSharedWeightsAreBounded) {
  std::string text =
      "graph \"shared\"\ninput %x: f32[1, 10485760, 1]\n"
      "const %w: f32[1, 10485760, 1] = 1.0\nconst %p: f32[1] = 1.0\n";
  for (const char* name : {"a", "b", "c"}) {
    text += fmt::format(
        "%{0}c = Conv(%x, %w)\n%{0} = BatchNormalization(%{0}c, %p, %p, %p, %p)\noutput %{0}\n",
        name);
  }
  Graph graph = TypedGraph(text);
  EXPECT_EQ(MustRun("fold-batch-normalization", graph), 1);
}

}  // namespace
}  // namespace rectifier
