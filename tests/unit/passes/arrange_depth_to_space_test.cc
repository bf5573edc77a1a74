#include <gtest/gtest.h>

#include "tests/unit/passes/rewrite_testing.h"

namespace rectifier {
namespace {

// Two channels of 2 · 2 pixels.
constexpr char kBefore[] = R"(
input %x: f32[?, 1, 2, 3]
const %w: f32[8, 1, 1, 1] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
const %b: f32[8] = [10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0, 17.0]
const %s: f32[2, 1, 1] = [0.5, 0.25]
)";
constexpr char kAfter[] = R"(
input %x: f32[?, 1, 2, 3]
const %s: f32[2, 1, 1] = [0.5, 0.25]
const %w.by_pixel: f32[8, 1, 1, 1] = [0.0, 4.0, 1.0, 5.0, 2.0, 6.0, 3.0, 7.0]
const %b.by_pixel: f32[8] = [10.0, 14.0, 11.0, 15.0, 12.0, 16.0, 13.0, 17.0]
)";

std::string Before(std::string_view nodes) { return fmt::format("{}{}", kBefore, nodes); }

std::vector<RewriteCase> RewriteCases() {
  return {
      {"TheConvTakesTheOrderOfItsPixels", Before(R"(
%c = Conv(%x, %w, %b)
%y = DepthToSpace(%c) {blocksize = 2, mode = "CRD"}
output %y
)"),
       fmt::format("{}{}", kAfter, R"(
%c = Conv(%x, %w.by_pixel, %b.by_pixel)
%y = DepthToSpace(%c) {blocksize = 2, mode = "DCR"}
output %y
)"),
       1},
      {"ARectifierIsLiftedWithItsSlopes", Before(R"(
%c = Conv(%x, %w, %b)
%d = DepthToSpace(%c) {blocksize = 2, mode = "CRD"} @"shuffle"
%y = Rectifier(%d, %s) {origin = "prelu"} @"act"
output %y
)"),
       fmt::format("{}{}", kAfter, R"(
const %s.by_pixel: f32[8, 1, 1] = [0.5, 0.25, 0.5, 0.25, 0.5, 0.25, 0.5, 0.25]
%c = Conv(%x, %w.by_pixel, %b.by_pixel)
%y.lifted = Rectifier(%c, %s.by_pixel) {origin = "prelu"} @"act"
%y = DepthToSpace(%y.lifted) {blocksize = 2, mode = "DCR"} @"shuffle"
output %y
)"),
       2},
      {"WhereTheOrderMustStaySlopesFollowIt", Before(R"(
input %v: f32[8, 1, 1, 1]
%c = Conv(%x, %v, %b)
%d = DepthToSpace(%c) {blocksize = 2, mode = "CRD"} @"shuffle"
%y = Rectifier(%d, %s) {origin = "prelu"} @"act"
output %y
)"),
       Before(R"(
input %v: f32[8, 1, 1, 1]
const %s.by_pixel: f32[8, 1, 1] = [0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25]
%c = Conv(%x, %v, %b)
%y.lifted = Rectifier(%c, %s.by_pixel) {origin = "prelu"} @"act"
%y = DepthToSpace(%y.lifted) {blocksize = 2, mode = "CRD"} @"shuffle"
output %y
)"),
       1},
      {"OneSlopeStaysAsItIs", Before(R"(
const %one: f32[] = 0.125
%c = Conv(%x, %w, %b)
%d = DepthToSpace(%c) {blocksize = 2, mode = "DCR"} @"shuffle"
%y = Rectifier(%d, %one) {origin = "prelu"} @"act"
output %y
)"),
       Before(R"(
const %one: f32[] = 0.125
%c = Conv(%x, %w, %b)
%y.lifted = Rectifier(%c, %one) {origin = "prelu"} @"act"
%y = DepthToSpace(%y.lifted) {blocksize = 2, mode = "DCR"} @"shuffle"
output %y
)"),
       1},
      Unchanged("AConvThatOthersRead", Before(R"(
%c = Conv(%x, %w, %b)
%y = DepthToSpace(%c) {blocksize = 2, mode = "CRD"}
output %y
output %c
)")),
      Unchanged("AConvInGroups", R"(
input %x: f32[?, 2, 2, 3]
const %w: f32[8, 1, 1, 1] = seed(1)
%c = Conv(%x, %w) {group = 2}
%y = DepthToSpace(%c) {blocksize = 2, mode = "CRD"}
output %y
)"),
      Unchanged("ASlopeThatVariesAlongTheWidth", Before(R"(
const %wide: f32[6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
%c = Conv(%x, %w, %b)
%d = DepthToSpace(%c) {blocksize = 2, mode = "DCR"}
%y = Rectifier(%d, %wide) {origin = "prelu"}
output %y
)")),
  };
}

class ArrangeDepthToSpaceTest : public testing::TestWithParam<RewriteCase> {};

TEST_P(ArrangeDepthToSpaceTest, TurnsOneTextIntoTheOther) {
  ExpectRewrite("arrange-depth-to-space", GetParam());
}

INSTANTIATE_TEST_SUITE_P(Cases, ArrangeDepthToSpaceTest, testing::ValuesIn(RewriteCases()),
                         CaseName);

}  // namespace
}  // namespace rectifier
