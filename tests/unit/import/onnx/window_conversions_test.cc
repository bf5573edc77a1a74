#include <gtest/gtest.h>

#include "tests/unit/import/onnx/import_testing.h"

namespace rectifier {
namespace {

using Ints = std::vector<int64_t>;

// The line of the graph's text that computes y, or all of a refusal.
std::string NodeLine(const std::string& text) {
  const size_t begin = text.find("%y:");
  return begin == std::string::npos ? text : text.substr(begin, text.find('\n', begin) - begin);
}

std::string Conv(int opset, const Ints& x, const Ints& w,
                 std::initializer_list<onnx::AttributeProto> attributes,
                 const std::string& op = "Conv") {
  OnnxBuilder model = XToY(opset, x);
  model.Filled("w", w).Node(op, {"x", "w"}, {"y"}, attributes);
  return NodeLine(ImportedText(model));
}

std::string Pool(const std::string& op, int opset, const Ints& x,
                 std::initializer_list<onnx::AttributeProto> attributes) {
  OnnxBuilder model = XToY(opset, x);
  model.Node(op, {"x"}, {"y"}, attributes);
  return NodeLine(ImportedText(model));
}

TEST(WindowConversionsTest, ConvLeavesOutDefaults) {
  for (const int opset : {1, 7, 11, 17, 22}) {
    EXPECT_EQ(Conv(opset, {-1, 2, 8, 8}, {4, 2, 3, 3},
                   {Attribute("kernel_shape", Ints{3, 3}), Attribute("strides", Ints{1, 1}),
                    Attribute("dilations", Ints{1, 1}), Attribute("pads", Ints{0, 0, 0, 0}),
                    Attribute("auto_pad", "NOTSET"), Attribute("group", 1)}),
              "%y: f32[?, 4, 6, 6] = Conv(%x, %w)");
  }
}

TEST(WindowConversionsTest, ConvPassesItsAttributesOn) {
  EXPECT_EQ(Conv(11, {-1, 4, -1, 9}, {4, 2, 3, 3},
                 {Attribute("strides", Ints{2, 1}), Attribute("dilations", Ints{1, 2}),
                  Attribute("pads", Ints{1, 0, 1, 0}), Attribute("group", 2)}),
            "%y: f32[?, 4, ?, 5] = Conv(%x, %w) {dilations = [1, 2], group = 2, "
            "pads = [1, 0, 1, 0], strides = [2, 1]}");
  EXPECT_EQ(Conv(11, {1, 2, 8}, {4, 2, 3}, {Attribute("pads", Ints{1, 1})}),
            "%y: f32[1, 4, 8] = Conv(%x, %w) {pads = [1, 1]}");
}

TEST(WindowConversionsTest, ConvWithBiasKeepsIt) {
  OnnxBuilder model = XToY(17, {1, 1, 4, 4});
  model.Filled("w", {2, 1, 3, 3}).Filled("b", {2}).Node("Conv", {"x", "w", "b"}, {"y"});
  EXPECT_EQ(NodeLine(ImportedText(model)), "%y: f32[1, 2, 2, 2] = Conv(%x, %w, %b)");
}

TEST(WindowConversionsTest, AutoPadTakesThePlaceOfPads) {
  const auto with = [](const char* auto_pad) {
    return Conv(11, {1, 1, 8, 8}, {1, 1, 3, 3},
                {Attribute("auto_pad", auto_pad), Attribute("pads", Ints{0, 0, 0, 0})});
  };
  EXPECT_EQ(with("SAME_UPPER"), "%y: f32[1, 1, 8, 8] = Conv(%x, %w) {auto_pad = \"SAME_UPPER\"}");
  EXPECT_EQ(with("SAME_LOWER"), "%y: f32[1, 1, 8, 8] = Conv(%x, %w) {auto_pad = \"SAME_LOWER\"}");
  EXPECT_EQ(with("VALID"), "%y: f32[1, 1, 6, 6] = Conv(%x, %w)");
  EXPECT_EQ(with("SOME"), "INVALID_ARGUMENT: y (Conv): attribute auto_pad: 'SOME' is not one");
}

TEST(WindowConversionsTest, ListsOfAWrongLengthAreRefusedEvenWhenAllDefault) {
  EXPECT_EQ(Conv(11, {1, 1, 8, 8}, {1, 1, 3, 3}, {Attribute("strides", Ints{1})}),
            "INVALID_ARGUMENT: y (Conv): attribute strides: expected 2 values, got 1");
  EXPECT_EQ(Conv(11, {1, 1, 8, 8}, {1, 1, 3, 3}, {Attribute("pads", Ints{0, 0})}),
            "INVALID_ARGUMENT: y (Conv): attribute pads: expected 4 values, got 2");
  EXPECT_EQ(Conv(11, {1, 1, 8, 8}, {1, 1, 3, 3}, {Attribute("kernel_shape", Ints{3, 5})}),
            "INVALID_ARGUMENT: y (Conv): attribute kernel_shape does not agree with the weights' "
            "shape [1, 1, 3, 3]");
}

TEST(WindowConversionsTest, ConvTransposePassesItsAttributesOn) {
  EXPECT_EQ(Conv(11, {1, 4, 5, 5}, {4, 2, 3, 3},
                 {Attribute("kernel_shape", Ints{3, 3}), Attribute("strides", Ints{2, 2}),
                  Attribute("pads", Ints{1, 1, 1, 1}), Attribute("output_padding", Ints{1, 1}),
                  Attribute("group", 2)},
                 "ConvTranspose"),
            "%y: f32[1, 4, 10, 10] = ConvTranspose(%x, %w) {group = 2, output_padding = [1, 1], "
            "pads = [1, 1, 1, 1], strides = [2, 2]}");
  EXPECT_EQ(Conv(11, {1, 1, 5, 5}, {1, 2, 3, 3},
                 {Attribute("output_shape", Ints{10, 10}), Attribute("strides", Ints{2, 2}),
                  Attribute("output_padding", Ints{0, 0})},
                 "ConvTranspose"),
            "%y: f32[1, 2, 10, 10] = ConvTranspose(%x, %w) {output_shape = [10, 10], "
            "strides = [2, 2]}");
}

TEST(WindowConversionsTest, MaxPoolPassesItsAttributesOn) {
  EXPECT_EQ(Pool("MaxPool", 12, {1, 1, 8, 8},
                 {Attribute("kernel_shape", Ints{2, 2}), Attribute("strides", Ints{2, 2}),
                  Attribute("ceil_mode", 0), Attribute("storage_order", 1),
                  Attribute("dilations", Ints{1, 1})}),
            "%y: f32[1, 1, 4, 4] = MaxPool(%x) {kernel_shape = [2, 2], strides = [2, 2]}");
  EXPECT_EQ(Pool("MaxPool", 10, {1, 1, 7, 7},
                 {Attribute("kernel_shape", Ints{2, 2}), Attribute("strides", Ints{2, 2}),
                  Attribute("ceil_mode", 1)}),
            "%y: f32[1, 1, 4, 4] = MaxPool(%x) {ceil_mode = 1, kernel_shape = [2, 2], "
            "strides = [2, 2]}");
  EXPECT_EQ(Pool("MaxPool", 1, {1, 1, 8, 8}, {}),
            "INVALID_ARGUMENT: y (MaxPool): attribute kernel_shape is required");
}

TEST(WindowConversionsTest, MaxPoolIndicesAreRefusedOnlyWhenRead) {
  OnnxBuilder unread = XToY(8, {1, 1, 4, 4});
  unread.Node("MaxPool", {"x"}, {"y", "indices"}, {Attribute("kernel_shape", Ints{2, 2})});
  EXPECT_EQ(NodeLine(ImportedText(unread)),
            "%y: f32[1, 1, 3, 3] = MaxPool(%x) {kernel_shape = [2, 2]}");
  OnnxBuilder read = unread;
  read.Output("indices");
  EXPECT_EQ(ImportedText(read), "UNIMPLEMENTED: y (MaxPool): output 1 (indices) is not supported");
}

TEST(WindowConversionsTest, AveragePoolPassesItsAttributesOn) {
  EXPECT_EQ(Pool("AveragePool", 7, {1, 1, 8, 8},
                 {Attribute("kernel_shape", Ints{3, 3}), Attribute("count_include_pad", 1),
                  Attribute("pads", Ints{1, 1, 1, 1})}),
            "%y: f32[1, 1, 8, 8] = AveragePool(%x) {count_include_pad = 1, "
            "kernel_shape = [3, 3], pads = [1, 1, 1, 1]}");
  EXPECT_EQ(Pool("AveragePool", 19, {1, 1, 8, 8},
                 {Attribute("kernel_shape", Ints{2, 2}), Attribute("count_include_pad", 0),
                  Attribute("dilations", Ints{2, 2})}),
            "%y: f32[1, 1, 6, 6] = AveragePool(%x) {dilations = [2, 2], kernel_shape = [2, 2]}");
}

TEST(WindowConversionsTest, GlobalAveragePoolStays) {
  EXPECT_EQ(Pool("GlobalAveragePool", 1, {-1, 3, 8, 8}, {}),
            "%y: f32[?, 3, 1, 1] = GlobalAveragePool(%x)");
}

}  // namespace
}  // namespace rectifier
