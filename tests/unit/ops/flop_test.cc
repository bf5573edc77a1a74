#include "server/ops/flop.h"

#include <gtest/gtest.h>

#include "tests/support/graph_testing.h"

namespace rectifier {
namespace {

double FlopOf(std::string_view text) { return Flop(TypedGraph(text)); }

TEST(FlopTest, AConvHasTwoForEachWeightThatAnOutputIsMadeOf) {
  EXPECT_EQ(FlopOf(R"(
input %x: f32[2, 6, 10, 10]
const %w: f32[4, 3, 3, 3] = 1.0
%y = Conv(%x, %w) {group = 2}
output %y
)"),
            2.0 * (2 * 4 * 8 * 8) * (3 * 3 * 3));
}

TEST(FlopTest, AConvTransposeHasTwoForEachWeightThatAnInputMeets) {
  EXPECT_EQ(FlopOf(R"(
input %x: f32[2, 6, 10, 10]
const %w: f32[6, 4, 3, 3] = 1.0
%y = ConvTranspose(%x, %w) {strides = [2, 2]}
output %y
)"),
            2.0 * (2 * 6 * 10 * 10) * (4 * 3 * 3));
}

TEST(FlopTest, MatrixProductsHaveTwoForEachProduct) {
  EXPECT_EQ(FlopOf(R"(
input %x: f32[5, 7]
const %b: f32[7, 3] = 1.0
const %c: f32[3, 4] = 1.0
%h = Gemm(%x, %b)
%y = MatMul(%h, %c)
output %y
)"),
            2.0 * 5 * 7 * 3 + 2.0 * 5 * 3 * 4);
}

TEST(FlopTest, OtherOperatorsHaveNone) {
  EXPECT_EQ(FlopOf(R"(
input %x: f32[1, 2, 4, 4]
%a = MaxPool(%x) {kernel_shape = [2, 2]}
%y = Tanh(%a)
output %y
)"),
            0);
}

}  // namespace
}  // namespace rectifier
