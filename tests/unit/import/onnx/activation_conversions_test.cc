#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "tests/unit/import/onnx/import_testing.h"

namespace rectifier {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

OnnxBuilder PRelu(int opset, const std::vector<int64_t>& x, const std::vector<int64_t>& slope) {
  OnnxBuilder model = XToY(opset, x);
  return model.Filled("alpha", slope, 0.25F).Node("PRelu", {"x", "alpha"}, {"y"});
}

TEST(ActivationConversionsTest, ReluIsARectifierOfSlopeZero) {
  for (const int opset : {1, 6, 7, 13, 14, 17, 23}) {
    EXPECT_EQ(ImportedText(XToY(opset, {-1, 3}).Node("Relu", {"x"}, {"y"})),
              R"(graph "g"
input %x: f32[?, 3]
const %y.slope: f32[] = 0.0
%y: f32[?, 3] = Rectifier(%x, %y.slope) {origin = "relu"}
output %y
)");
  }
}

TEST(ActivationConversionsTest, LeakyReluTakesItsAlpha) {
  EXPECT_EQ(ImportedText(XToY(16, {2, 3})
                             .Node("LeakyRelu", {"x"}, {"y"}, {Attribute("alpha", 0.2F)})
                             .Named("act")),
            R"(graph "g"
input %x: f32[2, 3]
const %y.slope: f32[] = 0.2
%y: f32[2, 3] = Rectifier(%x, %y.slope) {origin = "leaky_relu"} @"act"
output %y
)");
}

TEST(ActivationConversionsTest, LeakyReluWithoutAlphaHasSlopeOneHundredth) {
  for (const int opset : {1, 6, 16}) {
    EXPECT_EQ(ImportedText(XToY(opset, {2}).Node("LeakyRelu", {"x"}, {"y"})),
              R"(graph "g"
input %x: f32[2]
const %y.slope: f32[] = 0.01
%y: f32[2] = Rectifier(%x, %y.slope) {origin = "leaky_relu"}
output %y
)");
  }
}

TEST(ActivationConversionsTest, SlopeConstantTakesANameThatTheFileDoesNotUse) {
  EXPECT_EQ(
      ImportedText(XToY(17, {2}).Node("Relu", {"x"}, {"y.slope"}).Node("Relu", {"y.slope"}, {"y"})),
      R"(graph "g"
input %x: f32[2]
const %y.slope.slope: f32[] = 0.0
const %y.slope.1: f32[] = 0.0
%y.slope: f32[2] = Rectifier(%x, %y.slope.slope) {origin = "relu"}
%y: f32[2] = Rectifier(%y.slope, %y.slope.1) {origin = "relu"}
output %y
)");
}

TEST(ActivationConversionsTest, LeakyReluRefusesAnAlphaThatIsNotFinite) {
  ImportLimits allow_nan;
  allow_nan.allow_nan = true;
  const auto with_alpha = [&](float alpha) {
    return ImportedText(
        XToY(16, {2}).Node("LeakyRelu", {"x"}, {"y"}, {Attribute("alpha", alpha)}).Named("act"),
        allow_nan);
  };
  EXPECT_EQ(with_alpha(kInfinity),
            "INVALID_ARGUMENT: act (LeakyRelu): attribute alpha: inf is not finite");
  EXPECT_EQ(with_alpha(kNan), "INVALID_ARGUMENT: act (LeakyRelu): attribute alpha: is NaN");
}

struct PReluCase {
  int opset;
  std::vector<int64_t> x;
  std::vector<int64_t> slope;
  std::string text;  // of the constant that is read and the node
};

std::string AsItIs(const std::string& slope, const std::string& x) {
  return "const %alpha: f32" + slope + " = 0.25\n%y: f32" + x +
         " = Rectifier(%x, %alpha) {origin = \"prelu\"}\n";
}
std::string Reshaped(const std::string& slope, const std::string& x) {
  return "const %y.slope: f32" + slope + " = 0.25\n%y: f32" + x +
         " = Rectifier(%x, %y.slope) {origin = \"prelu\"}\n";
}

TEST(ActivationConversionsTest, PReluSlopeIsAlignedByTheRulesOfItsOpset) {
  const std::vector<PReluCase> cases = {
      // Before opset 7 a slope is shared or of axis 1, even where it would fit at the end.
      {6, {1, 3, 2, 2}, {1}, AsItIs("[1]", "[1, 3, 2, 2]")},
      {6, {1, 3, 2, 2}, {3}, Reshaped("[3, 1, 1]", "[1, 3, 2, 2]")},
      {6, {1, 3, 2, 3}, {3}, Reshaped("[3, 1, 1]", "[1, 3, 2, 3]")},
      {1, {1, 3, 3}, {3}, Reshaped("[3, 1]", "[1, 3, 3]")},
      {6, {-1, 3}, {3}, AsItIs("[3]", "[?, 3]")},
      {6, {-1, 3, -1, -1}, {3}, Reshaped("[3, 1, 1]", "[?, 3, ?, ?]")},
      {6, {1, 3, 2, 2}, {3, 1, 1}, AsItIs("[3, 1, 1]", "[1, 3, 2, 2]")},
      {6, {1, 3, 2, 2}, {1, 3, 1, 1}, AsItIs("[1, 3, 1, 1]", "[1, 3, 2, 2]")},
      // From opset 7 on it broadcasts from the end, whatever axis 1 may be.
      {7, {1, 3, 2, 3}, {3}, AsItIs("[3]", "[1, 3, 2, 3]")},
      {9, {1, 3, 2, 2}, {3, 1, 1}, AsItIs("[3, 1, 1]", "[1, 3, 2, 2]")},
      {16, {1, 3, 2, 2}, {1, 3, 1, 1}, AsItIs("[1, 3, 1, 1]", "[1, 3, 2, 2]")},
      {16, {1, 3, 2, 2}, {3, 2, 2}, AsItIs("[3, 2, 2]", "[1, 3, 2, 2]")},
      {16, {-1, 3}, {3}, AsItIs("[3]", "[?, 3]")},
      {16, {-1, 3}, {1}, AsItIs("[1]", "[?, 3]")},
      {16, {-1, 3}, {}, AsItIs("[]", "[?, 3]")},
      {16, {-1, 3}, {1, 1, 1}, Reshaped("[]", "[?, 3]")},
      // Where it does not fit there, one slope for each channel means axis 1.
      {7, {1, 3, 2, 2}, {3}, Reshaped("[3, 1, 1]", "[1, 3, 2, 2]")},
      {16, {1, -1, 2, 2}, {3}, Reshaped("[3, 1, 1]", "[1, ?, 2, 2]")},
      // It may yet fit, which is known when an input arrives.
      {16, {1, 3, -1, -1}, {3}, AsItIs("[3]", "[1, 3, ?, ?]")},
  };
  for (const PReluCase& c : cases) {
    const OnnxBuilder model = PRelu(c.opset, c.x, c.slope);
    const std::string text = ImportedText(model);
    SCOPED_TRACE(text);
    const size_t begin = text.find("const");
    ASSERT_NE(begin, std::string::npos);
    EXPECT_EQ(text.substr(begin), c.text + "output %y\n") << "opset " << c.opset;
  }
}

TEST(ActivationConversionsTest, PReluTakenPerChannelAgainstTheRuleIsWarnedAbout) {
  testing::internal::CaptureStderr();
  ImportedText(PRelu(9, {1, 3, 2, 2}, {3}));
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("taken to be of axis 1"), std::string::npos) << log;
  EXPECT_NE(log.find("y (PRelu)"), std::string::npos) << log;

  OnnxBuilder many = PRelu(9, {1, 3, 2, 2}, {3});
  for (int i = 0; i < 100; ++i) many.Node("PRelu", {"y", "alpha"}, {"z" + std::to_string(i)});
  testing::internal::CaptureStderr();
  ImportedText(many);
  const std::string lines = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 4) << lines;

  testing::internal::CaptureStderr();
  ImportedText(PRelu(6, {1, 3, 2, 2}, {3}));
  ImportedText(PRelu(9, {1, 3, 2, 3}, {3}));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(ActivationConversionsTest, PReluSlopeMayBeComputed) {
  EXPECT_EQ(ImportedText(OnnxBuilder(9)
                             .Input("x", {1, 3, 2, 2})
                             .Input("a", {3})
                             .Output("y")
                             .Node("Sigmoid", {"a"}, {"s"})
                             .Node("PRelu", {"x", "s"}, {"y"})),
            R"(graph "g"
input %x: f32[1, 3, 2, 2]
input %a: f32[3]
const %y.slope.shape: i64[3] = [3, 1, 1]
%s: f32[3] = Sigmoid(%a)
%y.slope: f32[3, 1, 1] = Reshape(%s, %y.slope.shape)
%y: f32[1, 3, 2, 2] = Rectifier(%x, %y.slope) {origin = "prelu"}
output %y
)");
}

TEST(ActivationConversionsTest, PReluSlopesThatFitNowhereAreRefused) {
  EXPECT_EQ(ImportedText(PRelu(9, {1, 3, 2, 2}, {4})),
            "INVALID_ARGUMENT: y (PRelu): slope of shape [4] does not broadcast into [1, 3, 2, 2]");
  EXPECT_EQ(ImportedText(PRelu(9, {1, 3}, {1, 1, 3})),
            "INVALID_ARGUMENT: y (PRelu): slope of shape [1, 1, 3] does not broadcast into [1, 3]");
  EXPECT_EQ(ImportedText(PRelu(6, {1, 3, 2, 2}, {2})),
            "INVALID_ARGUMENT: y (PRelu): input 1 (slope): shape [2] is neither one slope nor one "
            "for each channel of [1, 3, 2, 2]");
  EXPECT_EQ(ImportedText(PRelu(6, {1, 3, 2, 2}, {3, 2, 2})),
            "INVALID_ARGUMENT: y (PRelu): input 1 (slope): shape [3, 2, 2] is neither one slope "
            "nor one for each channel of [1, 3, 2, 2]");
}

TEST(ActivationConversionsTest, PReluRefusesSlopesThatAreNotFiniteEvenWhereNanIsAllowed) {
  ImportLimits allow_nan;
  allow_nan.allow_nan = true;
  const auto with_slope = [&](float slope) {
    return ImportedText(XToY(16, {1, 2})
                            .Floats("alpha", {2}, {0.5F, slope})
                            .Node("PRelu", {"x", "alpha"}, {"y"})
                            .Named("act"),
                        allow_nan);
  };
  EXPECT_EQ(with_slope(kNan),
            "INVALID_ARGUMENT: act (PRelu): slope: element 1 is nan, expected a finite number");
  EXPECT_EQ(with_slope(-kInfinity),
            "INVALID_ARGUMENT: act (PRelu): slope: element 1 is -inf, expected a finite number");
}

TEST(ActivationConversionsTest, SoftmaxFlattensBeforeOpset13) {
  const auto node_text = [](int opset, const std::vector<int64_t>& x,
                            std::initializer_list<onnx::AttributeProto> attributes) {
    const std::string text = ImportedText(XToY(opset, x).Node("Softmax", {"x"}, {"y"}, attributes));
    const size_t begin = text.find("Softmax(");
    return begin == std::string::npos ? text : text.substr(begin, text.find('\n', begin) - begin);
  };
  EXPECT_EQ(node_text(12, {1, 3, 4}, {}), "Softmax(%x) {axis = 1, flatten = 1}");
  EXPECT_EQ(node_text(12, {1, 3, 4}, {Attribute("axis", 0)}),
            "Softmax(%x) {axis = 0, flatten = 1}");
  EXPECT_EQ(node_text(11, {1, 3, 4}, {Attribute("axis", -2)}),
            "Softmax(%x) {axis = 1, flatten = 1}");
  EXPECT_EQ(node_text(1, {-1, 10}, {}), "Softmax(%x)");
  EXPECT_EQ(node_text(12, {1, 3, 4}, {Attribute("axis", 2)}), "Softmax(%x)");
  EXPECT_EQ(node_text(13, {1, 3, 4}, {}), "Softmax(%x)");
  EXPECT_EQ(node_text(13, {1, 3, 4}, {Attribute("axis", 2)}), "Softmax(%x)");
  EXPECT_EQ(node_text(13, {1, 3, 4}, {Attribute("axis", -2)}), "Softmax(%x) {axis = 1}");
  EXPECT_EQ(node_text(13, {1, 3, 4}, {Attribute("axis", 3)}),
            "INVALID_ARGUMENT: y (Softmax): attribute axis: expected a value in [-3, 3), got 3");
}

TEST(ActivationConversionsTest, SigmoidAndTanhStay) {
  for (const char* op : {"Sigmoid", "Tanh"}) {
    EXPECT_EQ(
        ImportedText(XToY(6, {2}).Node(op, {"x"}, {"y"})),
        "graph \"g\"\ninput %x: f32[2]\n%y: f32[2] = " + std::string(op) + "(%x)\noutput %y\n");
  }
}

}  // namespace
}  // namespace rectifier
