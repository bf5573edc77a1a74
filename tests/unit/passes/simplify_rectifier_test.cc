#include <gtest/gtest.h>

#include "tests/unit/passes/rewrite_testing.h"

namespace rectifier {
namespace {

std::vector<RewriteCase> Cases() {
  return {
      {"AUniformSlopePerChannelBecomesAScalar", R"(
input %x: f32[?, 3, 4, 5]
const %slope: f32[3, 1, 1] = [0.25, 0.25, 0.25]
%y = Rectifier(%x, %slope) {origin = "prelu"} @"prelu_1"
output %y
)",
       R"(
input %x: f32[?, 3, 4, 5]
const %slope.scalar: f32[] = 0.25
%y = Rectifier(%x, %slope.scalar) {origin = "prelu"} @"prelu_1"
output %y
)",
       1},
      {"AUniformSlopePerElementBecomesAScalar", R"(
input %x: f32[?, 2, 3]
const %slope: f32[2, 3] = -0.5
%y = Rectifier(%x, %slope) {origin = "prelu"}
output %y
)",
       R"(
input %x: f32[?, 2, 3]
const %slope.scalar: f32[] = -0.5
%y = Rectifier(%x, %slope.scalar) {origin = "prelu"}
output %y
)",
       1},
      {"ASlopeOfOneElementBecomesAScalar", R"(
input %x: f32[?, 3]
const %slope: f32[1, 1] = 0.0
%y = Rectifier(%x, %slope) {origin = "prelu"}
output %y
)",
       R"(
input %x: f32[?, 3]
const %slope.scalar: f32[] = 0.0
%y = Rectifier(%x, %slope.scalar) {origin = "prelu"}
output %y
)",
       1},
      {"SlopeOneIsIdentity", R"(
input %x: f32[?, 3]
const %slope: f32[] = 1.0
%y = Rectifier(%x, %slope) {origin = "leaky_relu"} @"act"
output %y
)",
       R"(
input %x: f32[?, 3]
%y = Identity(%x) @"act"
output %y
)",
       1},
      {"SlopeOneInEveryChannelIsIdentity", R"(
input %x: f32[?, 3, 2]
const %slope: f32[3, 1] = 1.0
%y = Rectifier(%x, %slope) {origin = "prelu"}
output %y
)",
       R"(
input %x: f32[?, 3, 2]
%y = Identity(%x)
output %y
)",
       1},
      {"EveryReaderOfASharedSlopeIsSimplified", R"(
input %x: f32[?, 3, 2]
const %slope: f32[3, 1] = 0.5
%a = Rectifier(%x, %slope) {origin = "prelu"}
%b = Rectifier(%a, %slope) {origin = "prelu"}
%y = Add(%b, %slope)
output %y
)",
       R"(
input %x: f32[?, 3, 2]
const %slope: f32[3, 1] = 0.5
const %slope.scalar: f32[] = 0.5
%a = Rectifier(%x, %slope.scalar) {origin = "prelu"}
%b = Rectifier(%a, %slope.scalar) {origin = "prelu"}
%y = Add(%b, %slope)
output %y
)",
       2},
      Unchanged("KeepsAScalarSlope", R"(
input %x: f32[?, 3]
const %slope: f32[] = 0.01
%y = Rectifier(%x, %slope) {origin = "leaky_relu"}
output %y
)"),
      Unchanged("KeepsReluAsItIs", R"(
input %x: f32[?, 3]
const %slope: f32[] = 0.0
%y = Rectifier(%x, %slope) {origin = "relu"}
output %y
)"),
      Unchanged("KeepsASlopeThatIsNotUniform", R"(
input %x: f32[?, 3, 2]
const %slope: f32[3, 1] = [1.0, 1.0, 0.5]
%y = Rectifier(%x, %slope) {origin = "prelu"}
output %y
)"),
      Unchanged("KeepsASlopeThatIsComputed", R"(
input %x: f32[?, 3]
const %a: f32[3] = 1.0
%slope = Tanh(%a)
%y = Rectifier(%x, %slope) {origin = "prelu"}
output %y
)"),
      Unchanged("KeepsASlopeThatIsAnInput", R"(
input %x: f32[?, 3]
input %slope: f32[3]
%y = Rectifier(%x, %slope) {origin = "prelu"}
output %y
)"),
  };
}

class SimplifyRectifierTest : public testing::TestWithParam<RewriteCase> {};
TEST_P(SimplifyRectifierTest, Rewrites) { ExpectRewrite("simplify-rectifier", GetParam()); }
INSTANTIATE_TEST_SUITE_P(Cases, SimplifyRectifierTest, testing::ValuesIn(Cases()), CaseName);

}  // namespace
}  // namespace rectifier
