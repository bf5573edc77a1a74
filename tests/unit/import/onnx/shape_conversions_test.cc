#include <gtest/gtest.h>

#include "tests/unit/import/onnx/import_testing.h"

namespace rectifier {
namespace {

using Ints = std::vector<int64_t>;

// What follows the inputs of the graph that a model becomes, without its outputs.
std::string Body(const OnnxBuilder& model) {
  const std::string text = ImportedText(model);
  const size_t input = text.find("input %x");
  if (input == std::string::npos) return text;
  const size_t begin = text.find('\n', input) + 1;
  return text.substr(begin, text.find("output ") - begin - 1);
}

TEST(ShapeConversionsTest, ListsThatWereAttributesBecomeInputs) {
  EXPECT_EQ(Body(XToY(11, {2, 1, 3}).Node("Squeeze", {"x"}, {"y"}, {Attribute("axes", Ints{1})})),
            "const %y.axes: i64[1] = 1\n%y: f32[2, 3] = Squeeze(%x, %y.axes)");
  EXPECT_EQ(Body(XToY(11, {2, 3}).Node("Unsqueeze", {"x"}, {"y"}, {Attribute("axes", Ints{0, 3})})),
            "const %y.axes: i64[2] = [0, 3]\n%y: f32[1, 2, 3, 1] = Unsqueeze(%x, %y.axes)");
  EXPECT_EQ(Body(XToY(11, {2, 3})
                     .Node("ReduceMean", {"x"}, {"y"},
                           {Attribute("axes", Ints{-1}), Attribute("keepdims", 0)})),
            "const %y.axes: i64[1] = -1\n%y: f32[2] = ReduceMean(%x, %y.axes) {keepdims = 0}");
  EXPECT_EQ(Body(XToY(9, {5}).Node("Slice", {"x"}, {"y"},
                                   {Attribute("starts", Ints{1}), Attribute("ends", Ints{-1})})),
            "const %y.starts: i64[1] = 1\nconst %y.ends: i64[1] = -1\n"
            "%y: f32[3] = Slice(%x, %y.starts, %y.ends)");
}

TEST(ShapeConversionsTest, TheSameListsAreInputsInNewerOperatorSets) {
  EXPECT_EQ(Body(XToY(13, {2, 1, 3}).Ints("a", {1}).Node("Squeeze", {"x", "a"}, {"y"})),
            "const %a: i64[1] = 1\n%y: f32[2, 3] = Squeeze(%x, %a)");
  EXPECT_EQ(Body(XToY(13, {2, 3}).Node("ReduceMean", {"x"}, {"y"}, {Attribute("axes", Ints{1})})),
            "const %y.axes: i64[1] = 1\n%y: f32[2, 1] = ReduceMean(%x, %y.axes)");
  EXPECT_EQ(Body(XToY(18, {2, 3}).Ints("a", {1}).Node("ReduceMean", {"x", "a"}, {"y"})),
            "const %a: i64[1] = 1\n%y: f32[2, 1] = ReduceMean(%x, %a)");
  EXPECT_EQ(Body(XToY(13, {2, 3}).Ints("a", {1}).Node("ReduceSum", {"x", "a"}, {"y"})),
            "const %a: i64[1] = 1\n%y: f32[2, 1] = ReduceSum(%x, %a)");
}

TEST(ShapeConversionsTest, UnsqueezeWithoutAxesIsRefused) {
  EXPECT_EQ(Body(XToY(11, {2}).Node("Unsqueeze", {"x"}, {"y"})),
            "INVALID_ARGUMENT: y (Unsqueeze): attribute axes is required");
}

TEST(ShapeConversionsTest, SplitDefinesAllItsOutputs) {
  const auto split = [](int opset, std::initializer_list<onnx::AttributeProto> attributes) {
    OnnxBuilder model = XToY(opset, {6, 2});
    model.Output("z").Node("Split", {"x"}, {"y", "z"}, attributes);
    return Body(model);
  };
  EXPECT_EQ(split(13, {}), "%y: f32[3, 2], %z: f32[3, 2] = Split(%x)");
  EXPECT_EQ(split(11, {Attribute("split", Ints{2, 4})}),
            "const %y.split: i64[2] = [2, 4]\n%y: f32[2, 2], %z: f32[4, 2] = Split(%x, %y.split)");
  EXPECT_EQ(split(18, {Attribute("num_outputs", 2), Attribute("axis", 1)}),
            "%y: f32[6, 1], %z: f32[6, 1] = Split(%x) {axis = 1}");
  EXPECT_EQ(split(18, {Attribute("num_outputs", 3)}),
            "INVALID_ARGUMENT: y (Split): attribute num_outputs: 3, and 2 outputs");
}

TEST(ShapeConversionsTest, ConstantOfShapeRepeatsItsElement) {
  OnnxBuilder model = XToY(9, {2});
  model.Ints("s", {2, 3}).Node("ConstantOfShape", {"s"}, {"c"}).Node("Add", {"c", "c"}, {"y"});
  EXPECT_EQ(Body(model),
            "const %s: i64[2] = [2, 3]\nconst %c.value: f32[] = 0.0\n"
            "%c: f32[2, 3] = Expand(%c.value, %s)\n%y: f32[2, 3] = Add(%c, %c)");
}

TEST(ShapeConversionsTest, GlobalPoolsReduceTheSpatialDimensions) {
  EXPECT_EQ(Body(XToY(13, {1, 2, 3, 4}).Node("GlobalMaxPool", {"x"}, {"y"})),
            "const %y.axes: i64[2] = [2, 3]\n%y: f32[1, 2, 1, 1] = ReduceMax(%x, %y.axes)");
  EXPECT_EQ(Body(XToY(13, {1, 2, 3}).Node("GlobalLpPool", {"x"}, {"y"}, {Attribute("p", 1)})),
            "const %y.axes: i64[1] = 2\n%y: f32[1, 2, 1] = ReduceL1(%x, %y.axes)");
  EXPECT_EQ(Body(XToY(13, {1, 2, 3}).Node("GlobalLpPool", {"x"}, {"y"}, {Attribute("p", 3)})),
            "UNIMPLEMENTED: y (GlobalLpPool): attribute p: only 1 and 2 are supported, got 3");
}

// Upsample 1, 7 and 9 and Resize 10 say the same in four ways.
TEST(ShapeConversionsTest, EveryUpsampleIsAResizeThatTakesTheElementBelow) {
  const std::string resize =
      "%y: f32[1, 2, 6, 4] = Resize(%x, _, {}) {{coordinate_transformation_mode = \"asymmetric\", "
      "mode = \"nearest\", nearest_mode = \"floor\"}}";
  const std::string scales = ": f32[4] = [1.0, 1.0, 2.0, 1.0]\n";
  EXPECT_EQ(
      Body(XToY(1, {1, 2, 3, 4}).Node("Upsample", {"x"}, {"y"}, {Attribute("height_scale", 2.0F)})),
      "const %y.scales" + scales + fmt::format(fmt::runtime(resize), "%y.scales"));
  EXPECT_EQ(Body(XToY(7, {1, 2, 3, 4})
                     .Node("Upsample", {"x"}, {"y"}, {FloatsAttribute("scales", {1, 1, 2, 1})})),
            "const %y.scales" + scales + fmt::format(fmt::runtime(resize), "%y.scales"));
  for (const auto& [opset, op] : {std::pair{9, "Upsample"}, std::pair{10, "Resize"}}) {
    OnnxBuilder model = XToY(opset, {1, 2, 3, 4});
    model.Floats("s", {4}, {1, 1, 2, 1});
    EXPECT_EQ(Body(model.Node(op, {"x", "s"}, {"y"})),
              "const %s" + scales + fmt::format(fmt::runtime(resize), "%s"));
  }
}

TEST(ShapeConversionsTest, ResizeDropsARegionThatItDoesNotRead) {
  OnnxBuilder model = XToY(11, {1, 2, 3, 4});
  model.Floats("roi", {0}, {}).Floats("s", {4}, {1, 1, 2, 1});
  EXPECT_EQ(Body(model.Node("Resize", {"x", "roi", "s"}, {"y"})),
            "const %s: f32[4] = [1.0, 1.0, 2.0, 1.0]\n%y: f32[1, 2, 6, 4] = Resize(%x, _, %s)");
}

}  // namespace
}  // namespace rectifier
