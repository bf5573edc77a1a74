#include "server/models/batch_separability.h"

#include <gtest/gtest.h>

#include "server/engine/onednn/onednn_compiler.h"
#include "tests/support/graph_testing.h"
#include "tests/support/status_testing.h"

namespace rectifier {
namespace {

// What CheckBatchSeparable() says about the graph.
std::string Check(std::string_view text) {
  const Graph graph = TypedGraph(text);
  const auto compiler = NewOneDnnCompiler({});
  const auto one = compiler->Compile(graph, BoundInputShapes(graph, 1));
  const auto two = compiler->Compile(graph, BoundInputShapes(graph, 2));
  if (!one.ok() || !two.ok()) return StatusText(one) + StatusText(two);
  return StatusText(CheckBatchSeparable(*one, *two));
}

TEST(BatchSeparabilityTest, SamplesOfAConvolutionAreSeparate) {
  EXPECT_EQ(Check(R"(
input %x: f32[?, 3, 9, 9]
const %w: f32[17, 3, 3, 3] = seed(1)
const %slope: f32[17, 1, 1] = seed(2)
%c = Conv(%x, %w) {pads = [1, 1, 1, 1]} -> Rectifier(%slope) @"act"
%p = MaxPool(%c) {kernel_shape = [2, 2], strides = [2, 2]}
output %p
)"),
            "OK");
}

TEST(BatchSeparabilityTest, SamplesOfSeveralInputsAndOutputsAreSeparate) {
  EXPECT_EQ(Check(R"(
input %a: f32[?, 3]
input %b: f32[?, 3]
%y = Add(%a, %b)
%z = Softmax(%b)
output %y
output %z
)"),
            "OK");
}

TEST(BatchSeparabilityTest, ASoftmaxOverTheBatchIsNot) {
  EXPECT_EQ(
      Check(R"(
input %x: f32[?, 3]
%fine = Tanh(%x)
%y = Softmax(%x) {axis = 0}
output %fine
output "probabilities" = %y
)"),
      "INVALID_ARGUMENT: probabilities: a sample's result depends on the other samples of its "
      "batch");
}

TEST(BatchSeparabilityTest, AReshapeThatMixesSamplesIsNot) {
  EXPECT_EQ(Check(R"(
input %x: f32[?, 4, 6]
const %shape: i64[3] = [2, -1, 6]
const %back: i64[3] = [-1, 4, 6]
%a = Reshape(%x, %shape)
%b = Transpose(%a) {perm = [1, 0, 2]}
%y = Reshape(%b, %back)
output %y
)"),
            "INVALID_ARGUMENT: y: a sample's result depends on the other samples of its batch");
}

}  // namespace
}  // namespace rectifier
