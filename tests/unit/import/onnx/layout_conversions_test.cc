#include <gtest/gtest.h>

#include <limits>

#include "tests/unit/import/onnx/import_testing.h"

namespace rectifier {
namespace {

using Ints = std::vector<int64_t>;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// The graph's text without its first line and its inputs and outputs, or all of a refusal.
std::string Body(const OnnxBuilder& model, const ImportLimits& limits = {}) {
  const std::string text = ImportedText(model, limits);
  std::string body;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("graph ") || line.starts_with("input ") || line.starts_with("output ")) {
      continue;
    }
    body += (body.empty() ? "" : "\n") + line;
  }
  return body;
}

TEST(LayoutConversionsTest, ConcatCountsItsAxisFromTheFront) {
  const auto concat = [](int opset, std::initializer_list<onnx::AttributeProto> attributes) {
    OnnxBuilder model = XToY(opset, {1, 2, 3});
    return Body(model.Node("Concat", {"x", "x"}, {"y"}, attributes));
  };
  EXPECT_EQ(concat(13, {Attribute("axis", -1)}), "%y: f32[1, 2, 6] = Concat(%x, %x) {axis = 2}");
  EXPECT_EQ(concat(4, {Attribute("axis", 1)}), "%y: f32[1, 4, 3] = Concat(%x, %x) {axis = 1}");
  EXPECT_EQ(concat(3, {}), "%y: f32[1, 4, 3] = Concat(%x, %x) {axis = 1}");
  EXPECT_EQ(concat(4, {}), "INVALID_ARGUMENT: y (Concat): attribute axis is required");
  EXPECT_EQ(Body(XToY(13, {1, 2}).Node("Concat", {"x", ""}, {"y"}, {Attribute("axis", 0)})),
            "INVALID_ARGUMENT: y (Concat): input 1 is required");
  EXPECT_EQ(Body(XToY(13, {1, 2}).Node("Concat", {}, {"y"}, {Attribute("axis", 0)})),
            "INVALID_ARGUMENT: y (Concat): expected 1 or more inputs, got 0");
}

TEST(LayoutConversionsTest, FlattenLeavesOutAxisOne) {
  const auto flatten = [](int opset, std::initializer_list<onnx::AttributeProto> attributes) {
    OnnxBuilder model = XToY(opset, {-1, 2, 3});
    return Body(model.Node("Flatten", {"x"}, {"y"}, attributes));
  };
  EXPECT_EQ(flatten(1, {}), "%y: f32[?, 6] = Flatten(%x)");
  EXPECT_EQ(flatten(9, {Attribute("axis", 1)}), "%y: f32[?, 6] = Flatten(%x)");
  EXPECT_EQ(flatten(13, {Attribute("axis", -1)}), "%y: f32[?, 3] = Flatten(%x) {axis = 2}");
  EXPECT_EQ(flatten(13, {Attribute("axis", 4)}),
            "INVALID_ARGUMENT: y (Flatten): attribute axis: expected a value in [-3, 3], got 4");
}

TEST(LayoutConversionsTest, ReshapeReadsItsShapeFromTheAttributeOrTheInput) {
  EXPECT_EQ(Body(XToY(1, {2, 6}).Node(
                "Reshape", {"x"}, {"y"},
                {Attribute("shape", Ints{3, -1}), Attribute("consumed_inputs", Ints{0})})),
            "const %y.shape: i64[2] = [3, -1]\n%y: f32[3, 4] = Reshape(%x, %y.shape)");
  EXPECT_EQ(Body(XToY(4, {2, 6}).Node("Reshape", {"x"}, {"y"})),
            "INVALID_ARGUMENT: y (Reshape): attribute shape is required");
  EXPECT_EQ(Body(XToY(5, {2, 6}).Ints("s", {3, -1}).Node("Reshape", {"x", "s"}, {"y"})),
            "const %s: i64[2] = [3, -1]\n%y: f32[3, 4] = Reshape(%x, %s)");
  EXPECT_EQ(Body(XToY(14, {2, 6})
                     .Ints("s", {3, -1})
                     .Node("Reshape", {"x", "s"}, {"y"}, {Attribute("allowzero", 0)})),
            "const %s: i64[2] = [3, -1]\n%y: f32[3, 4] = Reshape(%x, %s)");
  EXPECT_EQ(Body(XToY(14, {2, 6})
                     .Ints("s", {3, 4})
                     .Node("Reshape", {"x", "s"}, {"y"}, {Attribute("allowzero", 1)})),
            "const %s: i64[2] = [3, 4]\n%y: f32[3, 4] = Reshape(%x, %s) {allowzero = 1}");
}

TEST(LayoutConversionsTest, ReshapeToAComputedShapeHasTheRankOfItsLength) {
  OnnxBuilder model = XToY(13, {2, 6});
  model.Input("s", {2}, onnx::TensorProto::INT64).Node("Reshape", {"x", "s"}, {"y"});
  EXPECT_EQ(Body(model), "%y: f32[?, ?] = Reshape(%x, %s)");
}

TEST(LayoutConversionsTest, TransposeLeavesOutTheReversedOrder) {
  EXPECT_EQ(
      Body(XToY(1, {1, 2, 3}).Node("Transpose", {"x"}, {"y"}, {Attribute("perm", Ints{2, 1, 0})})),
      "%y: f32[3, 2, 1] = Transpose(%x)");
  EXPECT_EQ(Body(XToY(13, {1, 2, 3}).Node("Transpose", {"x"}, {"y"})),
            "%y: f32[3, 2, 1] = Transpose(%x)");
  EXPECT_EQ(
      Body(XToY(13, {1, 2, 3}).Node("Transpose", {"x"}, {"y"}, {Attribute("perm", Ints{0, 2, 1})})),
      "%y: f32[1, 3, 2] = Transpose(%x) {perm = [0, 2, 1]}");
  EXPECT_EQ(
      Body(XToY(13, {1, 2, 3}).Node("Transpose", {"x"}, {"y"}, {Attribute("perm", Ints{0, 0, 1})})),
      "INVALID_ARGUMENT: y (Transpose): attribute perm is not a permutation of 0 to 2");
}

TEST(LayoutConversionsTest, PadReadsAttributesBeforeOpset11) {
  const std::string padded =
      "const %y.pads: i64[4] = [0, 1, 0, 2]\n%y: f32[2, 6] = Pad(%x, %y.pads)";
  EXPECT_EQ(
      Body(XToY(1, {2, 3}).Node("Pad", {"x"}, {"y"}, {Attribute("paddings", Ints{0, 1, 0, 2})})),
      padded);
  EXPECT_EQ(Body(XToY(2, {2, 3}).Node("Pad", {"x"}, {"y"},
                                      {Attribute("pads", Ints{0, 1, 0, 2}),
                                       Attribute("mode", "constant"), Attribute("value", 0.0F)})),
            padded);
  EXPECT_EQ(Body(XToY(10, {2, 3})
                     .Node("Pad", {"x"}, {"y"},
                           {Attribute("pads", Ints{0, 1, 0, 2}), Attribute("value", -kInfinity)})),
            "const %y.pads: i64[4] = [0, 1, 0, 2]\nconst %y.value: f32[] = -inf\n"
            "%y: f32[2, 6] = Pad(%x, %y.pads, %y.value)");
  EXPECT_EQ(Body(XToY(10, {2, 3}).Node("Pad", {"x"}, {"y"})),
            "INVALID_ARGUMENT: y (Pad): attribute pads is required");
}

TEST(LayoutConversionsTest, PadReadsInputsFromOpset11) {
  const auto pad = [](const std::vector<std::string>& inputs, float value,
                      std::initializer_list<onnx::AttributeProto> attributes = {}) {
    OnnxBuilder model = XToY(11, {2, 3});
    model.Ints("pads", {0, 1, 0, 2}).Floats("value", {}, {value});
    return Body(model.Node("Pad", inputs, {"y"}, attributes));
  };
  const std::string zero = "const %pads: i64[4] = [0, 1, 0, 2]\n%y: f32[2, 6] = Pad(%x, %pads)";
  EXPECT_EQ(pad({"x", "pads"}, 1), zero);
  EXPECT_EQ(pad({"x", "pads", ""}, 1), zero);
  EXPECT_EQ(pad({"x", "pads", "value"}, 0), zero);
  EXPECT_EQ(pad({"x", "pads", "value"}, 2),
            "const %pads: i64[4] = [0, 1, 0, 2]\nconst %value: f32[] = 2.0\n"
            "%y: f32[2, 6] = Pad(%x, %pads, %value)");
  EXPECT_EQ(
      pad({"x", "pads"}, 0, {Attribute("mode", "reflect")}),
      "const %pads: i64[4] = [0, 1, 0, 2]\n%y: f32[2, 6] = Pad(%x, %pads) {mode = \"reflect\"}");
}

TEST(LayoutConversionsTest, PadReadsAxesFromOpset18) {
  const auto pad = [](const Ints& pads, const Ints& axes) {
    OnnxBuilder model = XToY(18, {2, 3, 4});
    model.Ints("pads", pads).Ints("axes", axes);
    return Body(model.Node("Pad", {"x", "pads", "", "axes"}, {"y"}));
  };
  EXPECT_EQ(pad({1, 2, 3, 4}, {-1, 0}),
            "const %pads: i64[4] = [1, 2, 3, 4]\nconst %axes: i64[2] = [-1, 0]\n"
            "%y: f32[8, 3, 8] = Pad(%x, %pads, _, %axes)");
  EXPECT_EQ(pad({1, 2, 3}, {0, 1}),
            "INVALID_ARGUMENT: y (Pad): input 1: expected 4 pads for 2 axes, got 3");
  EXPECT_EQ(pad({1, 2, 3, 4}, {0, -3}),
            "INVALID_ARGUMENT: y (Pad): input 3 (axes): 0 is named twice");
  EXPECT_EQ(pad({1, 2}, {3}),
            "INVALID_ARGUMENT: y (Pad): input 3 (axes): expected a value in [-3, 3), got 3");
  OnnxBuilder early = XToY(17, {2, 3});
  early.Ints("pads", {1, 1}).Ints("axes", {0});
  EXPECT_EQ(Body(early.Node("Pad", {"x", "pads", "", "axes"}, {"y"})),
            "INVALID_ARGUMENT: y (Pad): expected 2 to 3 inputs, got 4");
}

}  // namespace
}  // namespace rectifier
