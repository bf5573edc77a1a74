#include <gtest/gtest.h>

#include "server/passes/permutation.h"
#include "server/passes/run_passes.h"
#include "tests/unit/engine/graph_writer.h"
#include "tests/unit/engine/program_testing.h"
#include "tests/unit/passes/rewrite_testing.h"

namespace rectifier {
namespace {

// x is channels-last; t is it with the channels second, where convolutions want them.
constexpr char kInput[] = R"(
input %x: f32[?, 4, 5, 3]
%t = Transpose(%x) {perm = [0, 3, 1, 2]}
)";

std::vector<RewriteCase> Cases() {
  const std::string input = kInput;
  return {
      {"ThroughAnActivation", input + "%y = Tanh(%t)\noutput %y\n",
       input +
           "%y.sunk = Tanh(%x) @\"y\"\n%y = Transpose(%y.sunk) {perm = [0, 3, 1, 2]}\noutput %y\n",
       1},
      {"TwoThatUndoEachOtherBecomeNothing",
       input + "%a = Tanh(%t)\n%y = Transpose(%a) {perm = [0, 2, 3, 1]}\noutput %y\n",
       input + "%a.sunk = Tanh(%x) @\"a\"\n%a = Transpose(%a.sunk) {perm = [0, 3, 1, 2]}\n"
               "%y = Identity(%a.sunk)\noutput %y\n",
       2},
      {"TwoThatDoNotBecomeOne", input + "%y = Transpose(%t) {perm = [0, 1, 3, 2]}\noutput %y\n",
       input + "%y = Transpose(%x) {perm = [0, 3, 2, 1]}\noutput %y\n", 1},
      {"ASlopePerChannelIsTransposedTheOtherWay", R"(
input %x: f32[?, 3, 4, 5]
const %s: f32[3] = [0.1, 0.2, 0.3]
%t = Transpose(%x) {perm = [0, 2, 3, 1]}
%y = Rectifier(%t, %s) {origin = "prelu"}
output %y
)",
       R"(
input %x: f32[?, 3, 4, 5]
const %s.transposed: f32[1, 3, 1, 1] = [0.1, 0.2, 0.3]
%t = Transpose(%x) {perm = [0, 2, 3, 1]}
%y.sunk = Rectifier(%x, %s.transposed) {origin = "prelu"} @"y"
%y = Transpose(%y.sunk) {perm = [0, 2, 3, 1]}
output %y
)",
       1},
      {"ANumberStaysAsItIs", input + "const %c: f32[] = 2.0\n%y = Mul(%c, %t)\noutput %y\n",
       input + "const %c: f32[] = 2.0\n%y.sunk = Mul(%c, %x) @\"y\"\n"
               "%y = Transpose(%y.sunk) {perm = [0, 3, 1, 2]}\noutput %y\n",
       1},
      {"TwoOperandsThatStandAlike",
       input + "input %b: f32[?, 4, 5, 3]\n%u = Transpose(%b) {perm = [0, 3, 1, 2]}\n"
               "%y = Add(%t, %u)\noutput %y\n",
       input + "input %b: f32[?, 4, 5, 3]\n%u = Transpose(%b) {perm = [0, 3, 1, 2]}\n"
               "%y.sunk = Add(%x, %b) @\"y\"\n%y = Transpose(%y.sunk) {perm = [0, 3, 1, 2]}\n"
               "output %y\n",
       1},
      {"ThroughConcatAlongItsAxis", input + "%y = Concat(%t, %t) {axis = 1}\noutput %y\n",
       input + "%y.sunk = Concat(%x, %x) {axis = 3} @\"y\"\n"
               "%y = Transpose(%y.sunk) {perm = [0, 3, 1, 2]}\noutput %y\n",
       1},
      {"ThroughSoftmaxAlongItsAxis", input + "%y = Softmax(%t) {axis = 1}\noutput %y\n",
       input + "%y.sunk = Softmax(%x) {axis = 3} @\"y\"\n"
               "%y = Transpose(%y.sunk) {perm = [0, 3, 1, 2]}\noutput %y\n",
       1},
      {"ThroughPad",
       input + "const %p: i64[8] = [0, 1, 2, 3, 0, 4, 5, 6]\n%y = Pad(%t, %p)\noutput %y\n",
       input + "const %p.transposed: i64[8] = [0, 2, 3, 1, 0, 5, 6, 4]\n"
               "%y.sunk = Pad(%x, %p.transposed) @\"y\"\n"
               "%y = Transpose(%y.sunk) {perm = [0, 3, 1, 2]}\noutput %y\n",
       1},
      {"ThroughAReductionThatKeepsItsAxes",
       input + "const %a: i64[2] = [2, -1]\n%y = ReduceMean(%t, %a)\noutput %y\n",
       input + "const %y.axes: i64[2] = [1, 2]\n%y.sunk = ReduceMean(%x, %y.axes) @\"y\"\n"
               "%y = Transpose(%y.sunk) {perm = [0, 3, 1, 2]}\noutput %y\n",
       1},
      {"AReductionOfAllPositionsNeedsNone",
       input + "const %a: i64[2] = [2, 3]\n%y = ReduceMean(%t, %a) {keepdims = 0}\noutput %y\n",
       input + "const %y.axes: i64[2] = [1, 2]\n%y = ReduceMean(%x, %y.axes) {keepdims = 0}\n"
               "output %y\n",
       1},
      Unchanged(
          "StopsAtAReductionThatWouldNeedAnother",
          input + "const %a: i64[1] = 2\n%y = ReduceMean(%t, %a) {keepdims = 0}\noutput %y\n"),
      Unchanged("StopsAtOperandsThatStandOtherwise",
                input + "input %b: f32[?, 3, 4, 5]\n%y = Add(%t, %b)\noutput %y\n"),
      Unchanged("StopsAtAnOperandOfHigherRank",
                input + "input %b: f32[2, ?, 3, 4, 5]\n%y = Add(%t, %b)\noutput %y\n"),
      Unchanged("StopsAtReshape",
                input + "const %s: i64[2] = [0, -1]\n%y = Reshape(%t, %s)\noutput %y\n"),
      Unchanged("StopsAtASoftmaxOverSeveralAxes",
                input + "%y = Softmax(%t) {axis = 1, flatten = 1}\noutput %y\n"),
      Unchanged("StopsAtAConvolution",
                input + "const %w: f32[2, 3, 1, 1] = 1.0\n%y = Conv(%t, %w)\noutput %y\n"),
  };
}

class SinkTransposesTest : public testing::TestWithParam<RewriteCase> {};

TEST_P(SinkTransposesTest, Rewrites) { ExpectRewrite("sink-transposes", GetParam()); }

INSTANTIATE_TEST_SUITE_P(Cases, SinkTransposesTest, testing::ValuesIn(Cases()), CaseName);

// As tf2onnx writes a network that is trained channels-last.
constexpr char kChannelsLast[] = R"(
input %x: f32[?, 12, 12, 3]
const %w1: f32[16, 3, 3, 3] = seed(1)
const %s1: f32[1, 1, 16] = seed(2)
const %w2: f32[16, 16, 3, 3] = seed(3)
const %c: f32[] = 0.25
const %pads: i64[8] = [0, 1, 1, 0, 0, 1, 1, 0]
const %w3: f32[400, 10] = seed(4)
const %flat: i64[2] = [-1, 400]
%x1 = Transpose(%x) {perm = [0, 3, 1, 2]}
%a1 = Conv(%x1, %w1) {strides = [2, 2]}
%b1 = Transpose(%a1) {perm = [0, 2, 3, 1]}
%d1 = Rectifier(%b1, %s1) {origin = "prelu"}
%e1 = Pad(%d1, %pads)
%x2 = Transpose(%e1) {perm = [0, 3, 1, 2]}
%a2 = Conv(%x2, %w2)
%b2 = Transpose(%a2) {perm = [0, 2, 3, 1]}
%k2 = Mul(%b2, %c)
%d2 = Max(%b2, %k2)
%e2 = Add(%d2, %d1)
%f = Reshape(%e2, %flat)
%y = MatMul(%f, %w3)
output %y
)";

TEST(ChannelsLastNetworkTest, RunsWithoutMovingATensor) {
  const Graph before = TypedGraph(kChannelsLast);
  Graph after = before;
  ASSERT_TRUE(RunPasses(after, PassContext{NewOneDnnCompiler}, {}, SteadyClock()).ok());
  const auto program = MustCompile(*NewCompiler(), after);
  for (const StepInfo& step : program->steps()) {
    // What is left writes the input into the middle of what Pad has filled.
    EXPECT_TRUE(step.op != "Reorder" || step.node == "e1") << StepsText(*program);
  }
  const std::vector<Tensor> inputs = SeededTensors(BoundInputShapes(before, 3), 5);
  const auto want = RunReference(before, inputs);
  ASSERT_TRUE(want.ok()) << Message(want.status());
  ExpectSameResults(RunProgram(*program, inputs), *want, 1e-5);
}

TEST(ChannelsLastNetworkTest, ActivationsMeetTheirConvolutions) {
  Graph graph = TypedGraph(kChannelsLast);
  ASSERT_TRUE(RunPasses(graph, PassContext{NewOneDnnCompiler}, {}, SteadyClock()).ok());
  const auto fused = std::count_if(graph.nodes().begin(), graph.nodes().end(), [](const Node& n) {
    return n.op == "Conv" && n.post_ops.size() == 1;
  });
  EXPECT_EQ(fused, 2);
}

TEST(PermutationTest, AnOrderAndItsInverseAreNothing) {
  const Permutation perm = {2, 0, 3, 1};
  EXPECT_TRUE(IsIdentity(Compose(perm, Inverse(perm))));
  EXPECT_TRUE(IsIdentity(Compose(Inverse(perm), perm)));
  EXPECT_FALSE(IsIdentity(perm));
}

TEST(PermutationTest, MovesElementsAsTransposeDoes) {
  const std::vector<int64_t> values = {1, 2, 3, 4, 5, 6};
  const Tensor moved = Permuted(Tensor::From<int64_t>(Shape{1, 2, 3}, values), {2, 0, 1});
  EXPECT_EQ(moved.shape(), (Shape{3, 1, 2}));
  EXPECT_THAT(moved.data<int64_t>(), testing::ElementsAre(1, 4, 2, 5, 3, 6));
}

}  // namespace
}  // namespace rectifier
