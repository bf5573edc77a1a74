#include <gtest/gtest.h>

#include "tests/unit/passes/rewrite_testing.h"

namespace rectifier {
namespace {

// `node` computes %y from %x of type `type`, and Tanh(%y) is the output.
std::string Before(std::string_view type, std::string_view node, std::string_view constants = "") {
  return fmt::format("input %x: {}\n{}%y = {}\n%z = Tanh(%y)\noutput %z\n", type, constants, node);
}

RewriteCase Removed(std::string name, std::string_view type, std::string_view node,
                    std::string_view constants = "") {
  return {std::move(name), Before(type, node, constants),
          fmt::format("input %x: {}\n%z = Tanh(%x)\noutput %z\n", type), 1};
}

RewriteCase Kept(std::string name, std::string_view type, std::string_view node,
                 std::string_view constants = "") {
  return Unchanged(std::move(name), Before(type, node, constants));
}

std::vector<RewriteCase> NodeCases() {
  return {
      Removed("AnIdentity", "f32[?, 3]", "Identity(%x)"),
      Removed("ATransposeThatKeepsTheOrder", "f32[?, 3, 4]", "Transpose(%x) {perm = [0, 1, 2]}"),
      Removed("ATransposeOfAVector", "f32[3]", "Transpose(%x)"),
      Kept("KeepsATransposeThatMoves", "f32[3, 3]", "Transpose(%x)"),
      Kept("KeepsATransposeOfOneAxis", "f32[1, 1, 3]", "Transpose(%x) {perm = [1, 0, 2]}"),
      Removed("APadOfZeros", "f32[?, 3]", "Pad(%x, %p)", "const %p: i64[4] = 0\n"),
      Removed("APadOfZerosWithAValue", "f32[?, 3]", "Pad(%x, %p, %v)",
              "const %p: i64[4] = 0\nconst %v: f32[] = 7.0\n"),
      Kept("KeepsAPad", "f32[?, 3]", "Pad(%x, %p)", "const %p: i64[4] = [0, 0, 0, 1]\n"),
      Kept("KeepsAPadThatShifts", "f32[?, 3]", "Pad(%x, %p)", "const %p: i64[4] = [0, 1, 0, -1]\n"),
      Removed("AFlattenOfAMatrix", "f32[?, 3]", "Flatten(%x)"),
      Kept("KeepsAFlattenOfMore", "f32[?, 3, 1]", "Flatten(%x)"),
      Kept("KeepsAFlattenIntoOneRow", "f32[2, 3]", "Flatten(%x) {axis = 0}"),
      Removed("AReshapeToTheSameShape", "f32[2, 3]", "Reshape(%x, %s)",
              "const %s: i64[2] = [2, 3]\n"),
      Removed("AReshapeThatCopiesEveryDimension", "f32[?, 3]", "Reshape(%x, %s)",
              "const %s: i64[2] = [0, 0]\n"),
      Removed("AReshapeThatFixesAllButTheBatch", "f32[?, 3]", "Reshape(%x, %s)",
              "const %s: i64[2] = [-1, 3]\n"),
      Kept("KeepsAReshapeToAnotherShape", "f32[2, 3]", "Reshape(%x, %s)",
           "const %s: i64[2] = [3, 2]\n"),
      Kept("KeepsAReshapeToAnotherRank", "f32[2, 3]", "Reshape(%x, %s)",
           "const %s: i64[3] = [1, 2, 3]\n"),
      Kept("KeepsAReshapeThatFixesTheBatch", "f32[?, 3]", "Reshape(%x, %s)",
           "const %s: i64[2] = [3, 3]\n"),
      Kept("KeepsAReshapeOfTwoOpenDimensions", "f32[?, ?]", "Reshape(%x, %s)",
           "const %s: i64[2] = [-1, 0]\n"),
      Removed("AConcatOfOne", "f32[?, 3]", "Concat(%x) {axis = 1}"),
      Kept("KeepsAConcatOfTwo", "f32[?, 3]", "Concat(%x, %x) {axis = 1}"),
  };
}

std::vector<RewriteCase> GraphCases() {
  return {
      {"AChainIsFollowedToItsStart", R"(
input %x: f32[?, 3]
%a = Identity(%x)
%b = Transpose(%a) {perm = [0, 1]}
%c = Identity(%b)
%y = Add(%c, %a)
output %y
)",
       R"(
input %x: f32[?, 3]
%y = Add(%x, %x)
output %y
)",
       3},
      {"OutputsKeepTheirNames", R"(
input %x: f32[?, 3]
%a = Tanh(%x)
%y = Identity(%a)
%z = Identity(%y)
output %a
output %y
output "last" = %z
)",
       R"(
input %x: f32[?, 3]
%a = Tanh(%x)
output %a
output "y" = %a
output "last" = %a
)",
       2},
      {"AnOutputMayBecomeAnInput", R"(
input %x: f32[?, 3]
%y = Identity(%x)
output %y
)",
       R"(
input %x: f32[?, 3]
output "y" = %x
)",
       1},
      {"AnOutputMayBecomeAConstant", R"(
const %a: f32[2] = [1.0, 2.0]
%y = Identity(%a)
output %y
)",
       R"(
const %a: f32[2] = [1.0, 2.0]
output "y" = %a
)",
       1},
  };
}

class RemoveIdentityTest : public testing::TestWithParam<RewriteCase> {};
TEST_P(RemoveIdentityTest, Rewrites) { ExpectRewrite("remove-identity", GetParam()); }
INSTANTIATE_TEST_SUITE_P(Nodes, RemoveIdentityTest, testing::ValuesIn(NodeCases()), CaseName);
INSTANTIATE_TEST_SUITE_P(Graphs, RemoveIdentityTest, testing::ValuesIn(GraphCases()), CaseName);

}  // namespace
}  // namespace rectifier
