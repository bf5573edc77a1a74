#include <gtest/gtest.h>

#include "tests/unit/import/onnx/import_testing.h"

namespace rectifier {
namespace {

OnnxBuilder Binary(int opset, const std::vector<int64_t>& a, const std::vector<int64_t>& b,
                   std::initializer_list<onnx::AttributeProto> attributes = {}) {
  OnnxBuilder model(opset);
  model.Input("a", a).Output("y");
  return model.Filled("b", b).Node("Add", {"a", "b"}, {"y"}, attributes);
}

TEST(ArithmeticConversionsTest, AddAndMulBroadcastLikeNumPyFromOpset7) {
  for (const char* op : {"Add", "Mul"}) {
    EXPECT_EQ(
        ImportedText(OnnxBuilder(7)
                         .Input("a", {-1, 3, 4})
                         .Filled("b", {3, 1}, 2)
                         .Output("y")
                         .Node(op, {"a", "b"}, {"y"})),
        "graph \"g\"\ninput %a: f32[?, 3, 4]\nconst %b: f32[3, 1] = 2.0\n%y: f32[?, 3, 4] = " +
            std::string(op) + "(%a, %b)\noutput %y\n");
  }
}

TEST(ArithmeticConversionsTest, AxisBeforeOpset7AlignsTheSecondInput) {
  EXPECT_EQ(
      ImportedText(Binary(6, {1, 3, 4, 4}, {3}, {Attribute("broadcast", 1), Attribute("axis", 1)})),
      R"(graph "g"
input %a: f32[1, 3, 4, 4]
const %y.b: f32[3, 1, 1] = 1.0
%y: f32[1, 3, 4, 4] = Add(%a, %y.b)
output %y
)");
  // Where the axes are the last ones anyway, nothing needs to be done.
  const std::string unchanged = R"(graph "g"
input %a: f32[1, 3, 4]
const %b: f32[3, 4] = 1.0
%y: f32[1, 3, 4] = Add(%a, %b)
output %y
)";
  EXPECT_EQ(ImportedText(Binary(6, {1, 3, 4}, {3, 4}, {Attribute("broadcast", 1)})), unchanged);
  EXPECT_EQ(ImportedText(
                Binary(6, {1, 3, 4}, {3, 4}, {Attribute("broadcast", 1), Attribute("axis", -2)})),
            unchanged);
  EXPECT_EQ(ImportedText(Binary(1, {1, 3, 4}, {3, 4},
                                {Attribute("broadcast", 1),
                                 Attribute("consumed_inputs", std::vector<int64_t>{0, 0})})),
            unchanged);
}

TEST(ArithmeticConversionsTest, AxisThatDoesNotFitIsRefused) {
  for (const int64_t axis : {int64_t{3}, int64_t{-4}, std::numeric_limits<int64_t>::min(),
                             std::numeric_limits<int64_t>::max()}) {
    EXPECT_EQ(ImportedText(
                  Binary(6, {1, 3, 4}, {3}, {Attribute("broadcast", 1), Attribute("axis", axis)})),
              "INVALID_ARGUMENT: y (Add): attribute axis: shape [3] does not fit into [1, 3, 4] "
              "there");
  }
}

TEST(ArithmeticConversionsTest, AxisAndBroadcastAreGoneFromOpset7) {
  EXPECT_EQ(ImportedText(Binary(7, {1, 3}, {3}, {Attribute("broadcast", 1)})),
            "INVALID_ARGUMENT: y (Add): attribute broadcast is not one of this operator");
}

OnnxBuilder Gemm(int opset, std::initializer_list<onnx::AttributeProto> attributes) {
  OnnxBuilder model = XToY(opset, {-1, 4});
  return model.Filled("w", {4, 4})
      .Filled("c", {4})
      .Node("Gemm", {"x", "w", "c"}, {"y"}, attributes);
}

std::string GemmText(const std::string& call) {
  return "graph \"g\"\ninput %x: f32[?, 4]\nconst %w: f32[4, 4] = 1.0\nconst %c: f32[4] = 1.0\n"
         "%y: f32[?, 4] = " +
         call + "\noutput %y\n";
}

TEST(ArithmeticConversionsTest, GemmLeavesOutDefaults) {
  for (const int opset : {7, 9, 11, 13}) {
    EXPECT_EQ(ImportedText(Gemm(opset, {Attribute("alpha", 1.0F), Attribute("beta", 1.0F),
                                        Attribute("transA", 0), Attribute("transB", 0)})),
              GemmText("Gemm(%x, %w, %c)"));
    EXPECT_EQ(ImportedText(Gemm(opset, {Attribute("alpha", 0.5F), Attribute("beta", 2.0F),
                                        Attribute("transB", 2)})),
              GemmText("Gemm(%x, %w, %c) {alpha = 0.5, beta = 2.0, transB = 1}"));
  }
}

TEST(ArithmeticConversionsTest, GemmWithoutCIsOfOpset11) {
  const auto model = [](int opset) {
    return ImportedText(XToY(opset, {-1, 2})
                            .Filled("w", {2, 2})
                            .Node("Gemm", {"x", "w"}, {"y"}, {Attribute("beta", 3.0F)})
                            .Named("fc"));
  };
  EXPECT_EQ(model(11), R"(graph "g"
input %x: f32[?, 2]
const %w: f32[2, 2] = 1.0
%y: f32[?, 2] = Gemm(%x, %w) @"fc"
output %y
)");
  EXPECT_EQ(model(10), "INVALID_ARGUMENT: fc (Gemm): expected 3 inputs, got 2");
  EXPECT_EQ(
      ImportedText(
          XToY(11, {-1, 2}).Filled("w", {2, 2}).Node("Gemm", {"x", "w", ""}, {"y"}).Named("fc")),
      model(11));
}

TEST(ArithmeticConversionsTest, GemmBroadcastBeforeOpset7IsWhatGemmAlwaysDoesSince) {
  EXPECT_EQ(ImportedText(Gemm(6, {Attribute("broadcast", 1)})), ImportedText(Gemm(7, {})));
  EXPECT_EQ(ImportedText(Gemm(7, {Attribute("broadcast", 1)})),
            "INVALID_ARGUMENT: y (Gemm): attribute broadcast is not one of this operator");
}

TEST(ArithmeticConversionsTest, MatMulStays) {
  EXPECT_EQ(ImportedText(XToY(9, {-1, 5, 2}).Filled("w", {2, 3}).Node("MatMul", {"x", "w"}, {"y"})),
            R"(graph "g"
input %x: f32[?, 5, 2]
const %w: f32[2, 3] = 1.0
%y: f32[?, 5, 3] = MatMul(%x, %w)
output %y
)");
}

TEST(ArithmeticConversionsTest, SeveralAreAddedTwoAtATime) {
  const auto body = [](const char* op, std::initializer_list<std::string> inputs) {
    OnnxBuilder model = XToY(13, {2});
    model.Input("a", {2}).Input("b", {1});
    return ImportedText(model.Node(op, inputs, {"y"}));
  };
  EXPECT_EQ(body("Sum", {"x"}), R"(graph "g"
input %x: f32[2]
input %a: f32[2]
input %b: f32[1]
%y: f32[2] = Identity(%x)
output %y
)");
  EXPECT_EQ(body("Max", {"x", "a", "b"}), R"(graph "g"
input %x: f32[2]
input %a: f32[2]
input %b: f32[1]
%y.1: f32[2] = Max(%x, %a)
%y: f32[2] = Max(%y.1, %b)
output %y
)");
  EXPECT_EQ(body("Mean", {"x", "b"}), R"(graph "g"
input %x: f32[2]
input %a: f32[2]
input %b: f32[1]
const %y.count: f32[] = 2.0
%y.1: f32[2] = Add(%x, %b)
%y: f32[2] = Div(%y.1, %y.count)
output %y
)");
}

TEST(ArithmeticConversionsTest, PowCastsAnExponentOfAnotherType) {
  OnnxBuilder model = XToY(13, {2});
  model.Ints("e", {2});
  EXPECT_EQ(ImportedText(model.Node("Pow", {"x", "e"}, {"y"})), R"(graph "g"
input %x: f32[2]
const %e: i64[1] = 2
%y.exponent: f32[1] = Cast(%e) {to = "f32"}
%y: f32[2] = Pow(%x, %y.exponent)
output %y
)");
}

TEST(ArithmeticConversionsTest, CastsToWhatIsComputedInF32AreCastsToF32) {
  const auto cast = [](int opset, onnx::AttributeProto to) {
    const std::string text =
        ImportedText(XToY(opset, {2}).Node("Cast", {"x"}, {"y"}, {std::move(to)}));
    const size_t node = text.find("%y");
    return node == std::string::npos ? text : text.substr(node, text.find('\n', node) - node);
  };
  for (const int to : {1, 10, 11, 16}) {  // FLOAT, FLOAT16, DOUBLE, BFLOAT16
    EXPECT_EQ(cast(13, Attribute("to", to)), "%y: f32[2] = Cast(%x) {to = \"f32\"}") << to;
  }
  EXPECT_EQ(cast(13, Attribute("to", 7)), "%y: i64[2] = Cast(%x) {to = \"i64\"}");
  EXPECT_EQ(cast(1, Attribute("to", "INT64")), "%y: i64[2] = Cast(%x) {to = \"i64\"}");
  EXPECT_EQ(cast(13, Attribute("to", 8)),
            "UNIMPLEMENTED: y (Cast): attribute to: the element type STRING is not supported");
}

TEST(ArithmeticConversionsTest, ClipBeforeOpset11HasItsBoundsAsAttributes) {
  EXPECT_EQ(ImportedText(XToY(6, {2}).Node("Clip", {"x"}, {"y"}, {Attribute("max", 6.0F)})),
            R"(graph "g"
input %x: f32[2]
const %y.max: f32[] = 6.0
%y: f32[2] = Clip(%x, _, %y.max)
output %y
)");
}

}  // namespace
}  // namespace rectifier
