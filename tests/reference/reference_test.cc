// The reference itself against results that were worked out by hand: what everything else is
// compared with had better be right.

#include <gtest/gtest.h>

#include <string>

#include "tests/reference/examples.h"
#include "tests/reference/run_reference.h"
#include "tests/support/graph_testing.h"
#include "tests/support/status_testing.h"

namespace rectifier {
namespace {

TEST(ReferenceTest, Convolutions) {
  const std::string x = "const %x: f32[1, 1, 4] = [1.0, 2.0, 3.0, 4.0]\n";
  const std::string w = "const %w: f32[1, 1, 2] = [10.0, 1.0]\n";
  ExpectExamples({
      {"the kernel is not flipped", x + w, "Conv(%x, %w)", "f32[1, 1, 3] 12, 23, 34"},
      {"bias", x + w + "const %b: f32[1] = 0.5", "Conv(%x, %w, %b)",
       "f32[1, 1, 3] 12.5, 23.5, 34.5"},
      {"pads", x + w, "Conv(%x, %w) {pads = [1, 0]}", "f32[1, 1, 4] 1, 12, 23, 34"},
      {"strides", x + w, "Conv(%x, %w) {strides = [2]}", "f32[1, 1, 2] 12, 34"},
      {"dilations", x + w, "Conv(%x, %w) {dilations = [2]}", "f32[1, 1, 2] 13, 24"},
      {"odd padding at the end", x + w, "Conv(%x, %w) {auto_pad = \"SAME_UPPER\"}",
       "f32[1, 1, 4] 12, 23, 34, 40"},
      {"odd padding at the beginning", x + w, "Conv(%x, %w) {auto_pad = \"SAME_LOWER\"}",
       "f32[1, 1, 4] 1, 12, 23, 34"},
      {"groups",
       "const %x: f32[1, 2, 1] = [3.0, 5.0]\nconst %w: f32[4, 1, 1] = [1.0, 2.0, 10.0, 20.0]",
       "Conv(%x, %w) {group = 2}", "f32[1, 4, 1] 3, 6, 50, 100"},
      {"a fused Rectifier",
       x + "const %w: f32[2, 1, 4] = [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, -1.0]\n"
           "const %s: f32[2, 1] = [0.5, 0.25]",
       "Conv(%x, %w) -> Rectifier(%s)", "f32[1, 2, 1] 10, -1"},
  });
}

TEST(ReferenceTest, TransposedConvolutions) {
  const std::string x = "const %x: f32[1, 1, 2] = [1.0, 2.0]\n";
  const std::string w = "const %w: f32[1, 1, 3] = [1.0, 10.0, 100.0]\n";
  ExpectExamples({
      {"plain", x + w, "ConvTranspose(%x, %w)", "f32[1, 1, 4] 1, 12, 120, 200"},
      {"strides", x + w, "ConvTranspose(%x, %w) {strides = [2]}",
       "f32[1, 1, 5] 1, 10, 102, 20, 200"},
      {"dilations", x + w, "ConvTranspose(%x, %w) {dilations = [2]}",
       "f32[1, 1, 6] 1, 2, 10, 20, 100, 200"},
      {"pads", x + w, "ConvTranspose(%x, %w) {pads = [1, 2]}", "f32[1, 1, 1] 12"},
      {"output padding", x + w, "ConvTranspose(%x, %w) {strides = [2], output_padding = [1]}",
       "f32[1, 1, 6] 1, 10, 102, 20, 200, 0"},
      {"output shape, odd crop at the beginning", x + w,
       "ConvTranspose(%x, %w) {strides = [2], output_shape = [4]}",
       "f32[1, 1, 4] 10, 102, 20, 200"},
      {"output shape, odd crop at the end", x + w,
       "ConvTranspose(%x, %w) {strides = [2], output_shape = [4], auto_pad = \"SAME_UPPER\"}",
       "f32[1, 1, 4] 1, 10, 102, 20"},
      {"groups",
       "const %x: f32[1, 2, 1] = [3.0, 5.0]\nconst %w: f32[2, 2, 1] = [1.0, 2.0, 10.0, 20.0]",
       "ConvTranspose(%x, %w) {group = 2}", "f32[1, 4, 1] 3, 6, 50, 100"},
  });
}

TEST(ReferenceTest, Poolings) {
  const std::string x = "const %x: f32[1, 1, 5] = [1.0, 5.0, 2.0, 4.0, -3.0]\n";
  ExpectExamples({
      {"maximum", x, "MaxPool(%x) {kernel_shape = [2]}", "f32[1, 1, 4] 5, 5, 4, 4"},
      {"padding is no maximum", "const %x: f32[1, 1, 2] = [-1.0, -2.0]",
       "MaxPool(%x) {kernel_shape = [2], pads = [1, 1]}", "f32[1, 1, 3] -1, -1, -2"},
      {"a window over the end", x, "MaxPool(%x) {kernel_shape = [2], strides = [2], ceil_mode = 1}",
       "f32[1, 1, 3] 5, 4, -3"},
      {"no window over the end", x, "MaxPool(%x) {kernel_shape = [2], strides = [2]}",
       "f32[1, 1, 2] 5, 4"},
      {"a window larger than the input", "const %x: f32[1, 1, 1] = 7.0",
       "MaxPool(%x) {kernel_shape = [2], strides = [2], ceil_mode = 1}", "f32[1, 1, 1] 7"},
      {"average", x, "AveragePool(%x) {kernel_shape = [2], strides = [3]}", "f32[1, 1, 2] 3, 0.5"},
      {"padding does not count", x,
       "AveragePool(%x) {kernel_shape = [2], strides = [4], pads = [1, 0]}", "f32[1, 1, 2] 1, 0.5"},
      {"padding counts", x,
       "AveragePool(%x) {kernel_shape = [2], strides = [4], pads = [1, 0], count_include_pad = 1}",
       "f32[1, 1, 2] 0.5, 0.5"},
      {"global average", "const %x: f32[1, 2, 2] = [1.0, 3.0, 5.0, 9.0]", "GlobalAveragePool(%x)",
       "f32[1, 2, 1] 2, 7"},
  });
}

TEST(ReferenceTest, Matrices) {
  const std::string ab =
      "const %a: f32[2, 2] = [1.0, 2.0, 3.0, 4.0]\nconst %b: f32[2, 1] = [10.0, 1.0]\n";
  ExpectExamples({
      {"Gemm", ab, "Gemm(%a, %b)", "f32[2, 1] 12, 34"},
      {"transposed", ab, "Gemm(%a, %b) {transA = 1}", "f32[2, 1] 13, 24"},
      {"alpha, beta and a c that broadcasts", ab + "const %c: f32[] = 100.0",
       "Gemm(%a, %b, %c) {alpha = 2.0, beta = 0.5}", "f32[2, 1] 74, 118"},
      {"MatMul", ab, "MatMul(%a, %b)", "f32[2, 1] 12, 34"},
      {"by a vector", ab + "const %v: f32[2] = [10.0, 1.0]", "MatMul(%a, %v)", "f32[2] 12, 34"},
      {"of a vector", ab + "const %v: f32[2] = [10.0, 1.0]", "MatMul(%v, %a)", "f32[2] 13, 24"},
      {"of two vectors", "const %v: f32[2] = [10.0, 1.0]", "MatMul(%v, %v)", "f32[] 101"},
      {"stacks broadcast",
       "const %a: f32[2, 1, 1] = [2.0, 3.0]\nconst %b: f32[1, 1, 2] = [1.0, 10.0]",
       "MatMul(%a, %b)", "f32[2, 1, 2] 2, 20, 3, 30"},
  });
}

TEST(ReferenceTest, Elementwise) {
  const std::string ab =
      "const %a: f32[2, 1] = [1.0, 2.0]\nconst %b: f32[3] = [10.0, 20.0, 30.0]\n";
  ExpectExamples({
      {"Add broadcasts", ab, "Add(%a, %b)", "f32[2, 3] 11, 21, 31, 12, 22, 32"},
      {"Mul broadcasts", ab, "Mul(%b, %a)", "f32[2, 3] 10, 20, 30, 20, 40, 60"},
      {"Rectifier", "const %x: f32[2, 2] = [-1.0, -2.0, 3.0, -4.0]\nconst %s: f32[2] = [0.5, -1.0]",
       "Rectifier(%x, %s) {origin = \"prelu\"}", "f32[2, 2] -0.5, 2, 3, 4"},
      {"Sigmoid", "const %x: f32[2] = [0.0, 2.0]", "Sigmoid(%x)", "f32[2] 0.5, 0.8808"},
      {"Tanh", "const %x: f32[2] = [0.0, -1.0]", "Tanh(%x)", "f32[2] 0, -0.7616"},
      {"Identity", "const %x: f32[1] = 3.0", "Identity(%x)", "f32[1] 3"},
      {"BatchNormalization",
       "const %x: f32[1, 2] = [5.0, 5.0]\nconst %scale: f32[2] = [10.0, 1.0]\nconst %bias: f32[2] "
       "= "
       "[0.0, 100.0]\nconst %mean: f32[2] = [1.0, 5.0]\nconst %var: f32[2] = [3.0, 7.0]",
       "BatchNormalization(%x, %scale, %bias, %mean, %var) {epsilon = 1.0}", "f32[1, 2] 20, 100"},
      {"Softmax over the last axis", "const %x: f32[2, 2] = [0.0, 0.0, 1000.0, 998.0]",
       "Softmax(%x)", "f32[2, 2] 0.5, 0.5, 0.8808, 0.1192"},
      {"Softmax over the first", "const %x: f32[2, 2] = [0.0, 0.0, 2.0, 0.0]",
       "Softmax(%x) {axis = 0}", "f32[2, 2] 0.1192, 0.5, 0.8808, 0.5"},
      {"Softmax over all from an axis on", "const %x: f32[1, 2, 2] = 3.0",
       "Softmax(%x) {axis = 1, flatten = 1}", "f32[1, 2, 2] 0.25, 0.25, 0.25, 0.25"},
  });
}

TEST(ReferenceTest, Movements) {
  const std::string x = "const %x: f32[2, 3] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]\n";
  ExpectExamples({
      {"Transpose", x, "Transpose(%x)", "f32[3, 2] 1, 4, 2, 5, 3, 6"},
      {"Transpose by a cycle", "const %x: f32[1, 2, 3] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]",
       "Transpose(%x) {perm = [1, 2, 0]}", "f32[2, 3, 1] 1, 2, 3, 4, 5, 6"},
      {"Concat", x + "const %z: f32[2, 1] = [8.0, 9.0]", "Concat(%x, %z) {axis = -1}",
       "f32[2, 4] 1, 2, 3, 8, 4, 5, 6, 9"},
      {"Pad and cut", x + "const %p: i64[4] = [0, 1, 1, -2]\nconst %v: f32[] = 7.0",
       "Pad(%x, %p, %v)", "f32[3, 2] 7, 1, 7, 4, 7, 7"},
      {"Reshape", x + "const %s: i64[2] = [3, -1]", "Reshape(%x, %s)",
       "f32[3, 2] 1, 2, 3, 4, 5, 6"},
      {"Reshape copies", x + "const %s: i64[3] = [0, 1, -1]", "Reshape(%x, %s)",
       "f32[2, 1, 3] 1, 2, 3, 4, 5, 6"},
      {"Flatten", "const %x: f32[2, 1, 2] = [1.0, 2.0, 3.0, 4.0]", "Flatten(%x)",
       "f32[2, 2] 1, 2, 3, 4"},
      {"Flatten before the first", x, "Flatten(%x) {axis = 0}", "f32[1, 6] 1, 2, 3, 4, 5, 6"},
  });
}

TEST(ReferenceTest, ComputesAGraphNodeByNode) {
  const Graph graph = TypedGraph(R"(
    input %x: f32[?, 2]
    const %c: f32[2] = [1.0, -1.0]
    %s = Add(%x, %c)
    %p = Mul(%s, %s)
    output "product" = %p
    output %s
  )");
  std::vector<Tensor> inputs;
  inputs.push_back(Tensor::From<float>({1, 2}, std::vector<float>{2, 5}));
  const auto outputs = RunReference(graph, inputs);
  ASSERT_TRUE(outputs.ok()) << Message(outputs.status());
  ASSERT_EQ(outputs->size(), 2u);
  EXPECT_EQ((*outputs)[0].data<float>()[1], 16);
  EXPECT_EQ((*outputs)[1].data<float>()[0], 3);
}

TEST(ReferenceTest, RefusesInputsThatAreNotTheGraphs) {
  const Graph graph = TypedGraph("input %x: f32[?, 2]\noutput %x");
  EXPECT_EQ(StatusText(RunReference(graph, {})),
            "INVALID_ARGUMENT: reference: expected 1 inputs, got 0");
  std::vector<Tensor> inputs;
  inputs.push_back(Tensor::From<float>({1, 3}, std::vector<float>{1, 2, 3}));
  EXPECT_EQ(StatusText(RunReference(graph, inputs)),
            "INVALID_ARGUMENT: x: expected f32[?, 2], got f32[1, 3]");
}

TEST(ReferenceTest, RefusesOperatorsWithoutAKernel) {
  const auto graph = ParseGraph("const %x: f32[1] = 1.0\n%y = Cosine(%x)\noutput %y");
  ASSERT_TRUE(graph.ok());
  EXPECT_EQ(StatusText(RunReference(*graph, {})),
            "UNIMPLEMENTED: y (Cosine): has no reference kernel");
}

}  // namespace
}  // namespace rectifier
