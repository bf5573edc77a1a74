#include <gtest/gtest.h>

#include "tests/unit/passes/rewrite_testing.h"

namespace rectifier {
namespace {

std::vector<RewriteCase> Cases() {
  return {
      {"TakesOutAChainThatNobodyReads", R"(
input %x: f32[?, 3]
const %c: f32[] = 2.0
%a = Mul(%x, %c)
%b = Tanh(%a)
%y = Sigmoid(%x)
%d = Add(%b, %y)
output %y
)",
       R"(
input %x: f32[?, 3]
%y = Sigmoid(%x)
output %y
)",
       3},
      {"AnInputThatNobodyReadsStays", R"(
input %x: f32[?, 3]
input %unused: f32[?, 3]
%a = Tanh(%unused)
%y = Tanh(%x)
output %y
)",
       R"(
input %x: f32[?, 3]
input %unused: f32[?, 3]
%y = Tanh(%x)
output %y
)",
       1},
      Unchanged("KeepsEveryOutputAndWhatItNeeds", R"(
input %x: f32[?, 2]
%a = Tanh(%x)
%b = Sigmoid(%a)
%y = Tanh(%b)
output %y
output "a" = %a
)"),
      Unchanged("KeepsANodeWithAnInputLeftOut", R"(
input %x: f32[?, 2]
const %b: f32[2, 2] = [1.0, 2.0, 3.0, 4.0]
%y = Gemm(%x, %b, _)
output %y
)"),
  };
}

class DeadCodeTest : public testing::TestWithParam<RewriteCase> {};
TEST_P(DeadCodeTest, Rewrites) { ExpectRewrite("dead-code", GetParam()); }
INSTANTIATE_TEST_SUITE_P(Cases, DeadCodeTest, testing::ValuesIn(Cases()), CaseName);

}  // namespace
}  // namespace rectifier
