#include <gtest/gtest.h>

#include "tests/unit/passes/rewrite_testing.h"

namespace rectifier {
namespace {

constexpr char kDense[] = R"(
input %x: f32[?, 2]
const %w: f32[2, 3] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
const %b: f32[3] = [10.0, 20.0, 30.0]
)";

std::string Dense(std::string_view rest) { return fmt::format("{}{}", kDense, rest); }

std::vector<RewriteCase> Cases() {
  const RewriteCase joined = {"AnAddBehindAProductIsItsBias", Dense(R"(
%m = MatMul(%x, %w) @"dense"
%y = Add(%m, %b) @"bias"
output %y
)"),
                              Dense(R"(
%y = Gemm(%x, %w, %b) @"dense"
output %y
)"),
                              1};
  RewriteCase turned = joined;
  turned.name = "InEitherOrder";
  turned.before = Dense(R"(
%m = MatMul(%x, %w) @"dense"
%y = Add(%b, %m) @"bias"
output %y
)");
  return {
      joined,
      turned,
      {"OneLayerAfterTheOther", R"(
input %x: f32[?, 2]
const %w: f32[2, 2] = [1.0, 2.0, 3.0, 4.0]
const %b: f32[2] = [10.0, 20.0]
%m = MatMul(%x, %w)
%y = Add(%m, %b)
%n = MatMul(%y, %w)
%z = Add(%n, %b)
output %z
)",
       R"(
input %x: f32[?, 2]
const %w: f32[2, 2] = [1.0, 2.0, 3.0, 4.0]
const %b: f32[2] = [10.0, 20.0]
%y = Gemm(%x, %w, %b) @"m"
%z = Gemm(%y, %w, %b) @"n"
output %z
)",
       2},
      Unchanged("AProductThatSomethingElseReadsStays", Dense(R"(
%m = MatMul(%x, %w)
%y = Add(%m, %b)
output %y
output %m
)")),
      Unchanged("OneNumberForAllIsNoBias", Dense(R"(
const %one: f32[] = 1.0
%m = MatMul(%x, %w)
%y = Add(%m, %one)
output %y
)")),
      Unchanged("ABiasThatMakesRowsIsNone", R"(
input %x: f32[1, 2]
const %w: f32[2, 1] = [1.0, 2.0]
const %b: f32[3] = [10.0, 20.0, 30.0]
%m = MatMul(%x, %w)
%y = Add(%m, %b)
output %y
)"),
      Unchanged("ProductsOfMoreThanTwoDimensionsStay", R"(
input %x: f32[?, 4, 2]
const %w: f32[2, 3] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
const %b: f32[3] = [10.0, 20.0, 30.0]
%m = MatMul(%x, %w)
%y = Add(%m, %b)
output %y
)"),
      Unchanged("WeightsThatAreComputedStay", R"(
input %x: f32[?, 2]
input %w: f32[2, 3]
const %b: f32[3] = [10.0, 20.0, 30.0]
%m = MatMul(%x, %w)
%y = Add(%m, %b)
output %y
)"),
  };
}

class JoinBiasTest : public testing::TestWithParam<RewriteCase> {};

TEST_P(JoinBiasTest, GivesThisGraph) { ExpectRewrite("join-bias", GetParam()); }

INSTANTIATE_TEST_SUITE_P(Cases, JoinBiasTest, testing::ValuesIn(Cases()), CaseName);

}  // namespace
}  // namespace rectifier
