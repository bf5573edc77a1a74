#include <gtest/gtest.h>

#include "tests/unit/import/onnx/import_testing.h"

namespace rectifier {
namespace {

using onnx::TensorProto;

OnnxBuilder BatchNormalization(int opset, std::initializer_list<onnx::AttributeProto> attributes,
                               const std::vector<std::string>& outputs = {"y"}) {
  OnnxBuilder model = XToY(opset, {-1, 2, 4, 4});
  for (const char* name : {"s", "b", "m", "v"}) model.Filled(name, {2});
  return model.Node("BatchNormalization", {"x", "s", "b", "m", "v"}, outputs, attributes)
      .Named("bn");
}

std::string BatchNormalizationText(const std::string& attributes) {
  return R"(graph "g"
input %x: f32[?, 2, 4, 4]
const %s: f32[2] = 1.0
const %b: f32[2] = 1.0
const %m: f32[2] = 1.0
const %v: f32[2] = 1.0
%y: f32[?, 2, 4, 4] = BatchNormalization(%x, %s, %b, %m, %v))" +
         attributes + " @\"bn\"\noutput %y\n";
}

TEST(InferenceConversionsTest, BatchNormalizationKeepsOnlyEpsilon) {
  for (const int opset : {7, 9, 14, 15, 17}) {
    EXPECT_EQ(ImportedText(BatchNormalization(
                  opset, {Attribute("epsilon", 1e-5F), Attribute("momentum", 0.9F)})),
              BatchNormalizationText(""));
  }
  EXPECT_EQ(
      ImportedText(BatchNormalization(8, {Attribute("epsilon", 0.001F), Attribute("spatial", 1)})),
      BatchNormalizationText(" {epsilon = 0.001}"));
  EXPECT_EQ(ImportedText(BatchNormalization(14, {Attribute("training_mode", 0)})),
            BatchNormalizationText(""));
  EXPECT_EQ(ImportedText(BatchNormalization(6, {Attribute("is_test", 1)})),
            BatchNormalizationText(""));
}

TEST(InferenceConversionsTest, BatchNormalizationThatTrainsIsRefused) {
  EXPECT_EQ(ImportedText(BatchNormalization(8, {Attribute("spatial", 0)})),
            "UNIMPLEMENTED: bn (BatchNormalization): attribute spatial: only 1 is supported, got "
            "0");
  EXPECT_EQ(ImportedText(BatchNormalization(9, {Attribute("spatial", 1)})),
            "INVALID_ARGUMENT: bn (BatchNormalization): attribute spatial is not one of this "
            "operator");
  EXPECT_EQ(ImportedText(BatchNormalization(14, {Attribute("training_mode", 1)})),
            "UNIMPLEMENTED: bn (BatchNormalization): attribute training_mode: only 0 is "
            "supported");
  EXPECT_EQ(ImportedText(BatchNormalization(6, {})),
            "UNIMPLEMENTED: bn (BatchNormalization): attribute is_test: 0 (training) is not "
            "supported");
}

TEST(InferenceConversionsTest, BatchNormalizationOutputsForTrainingAreRefusedOnlyWhenRead) {
  OnnxBuilder model = BatchNormalization(9, {}, {"y", "mean", "var", "", "saved"});
  EXPECT_EQ(ImportedText(model), BatchNormalizationText(""));
  model.Output("var");
  EXPECT_EQ(ImportedText(model),
            "UNIMPLEMENTED: bn (BatchNormalization): output 2 (var) is not supported");
}

constexpr const char* kIdentityText = R"(graph "g"
input %x: f32[2]
%y: f32[2] = Identity(%x)
output %y
)";

TEST(InferenceConversionsTest, DropoutIsAnIdentity) {
  EXPECT_EQ(ImportedText(XToY(1, {2}).Node("Dropout", {"x"}, {"y"}, {Attribute("is_test", 1)})),
            kIdentityText);
  EXPECT_EQ(
      ImportedText(XToY(10, {2}).Node("Dropout", {"x"}, {"y", "mask"}, {Attribute("ratio", 0.3F)})),
      kIdentityText);
  OnnxBuilder model = XToY(13, {2});
  model.Filled("ratio", {}).Initializer("training", RawTensor<uint8_t>(TensorProto::BOOL, {}, {0}));
  EXPECT_EQ(ImportedText(
                model.Node("Dropout", {"x", "ratio", "training"}, {"y"}, {Attribute("seed", 1)})),
            kIdentityText);
}

TEST(InferenceConversionsTest, DropoutThatTrainsIsRefused) {
  OnnxBuilder model = XToY(13, {2});
  model.Initializer("training", RawTensor<uint8_t>(TensorProto::BOOL, {}, {1}));
  EXPECT_EQ(ImportedText(model.Node("Dropout", {"x", "", "training"}, {"y"})),
            "UNIMPLEMENTED: y (Dropout): input 2 (training_mode): only the constant false is "
            "supported");
}

TEST(InferenceConversionsTest, TheMaskOfDropoutIsTrueEverywhere) {
  OnnxBuilder model = XToY(13, {2});
  EXPECT_EQ(ImportedText(model.Node("Dropout", {"x"}, {"y", "mask"}).Output("mask")),
            R"(graph "g"
input %x: f32[2]
const %y.kept: bool[] = 1
%y: f32[2] = Identity(%x)
%y.shape: i64[1] = Shape(%x)
%mask: bool[?] = Expand(%y.kept, %y.shape) @"y"
output %y
output %mask
)");
}

TEST(InferenceConversionsTest, IdentityStaysButForConstants) {
  EXPECT_EQ(ImportedText(XToY(13, {2}).Node("Identity", {"x"}, {"y"})), kIdentityText);
  EXPECT_EQ(ImportedText(XToY(13, {2})
                             .Filled("w", {2}, 3)
                             .Node("Identity", {"w"}, {"w2"})
                             .Node("Add", {"x", "w2"}, {"y"})),
            R"(graph "g"
input %x: f32[2]
const %w2: f32[2] = 3.0
%y: f32[2] = Add(%x, %w2)
output %y
)");
}

std::string Constant(const onnx::AttributeProto& value, int opset = 13) {
  OnnxBuilder model(opset);
  return ImportedText(model.Output("c").Node("Constant", {}, {"c"}, {value}));
}

TEST(InferenceConversionsTest, ConstantNodesBecomeConstants) {
  EXPECT_EQ(Constant(Attribute("value", RawTensor<float>(TensorProto::FLOAT, {2}, {1, 2})), 1),
            "graph \"g\"\nconst %c: f32[2] = [1.0, 2.0]\noutput %c\n");
  EXPECT_EQ(Constant(Attribute("value_float", 0.5F)),
            "graph \"g\"\nconst %c: f32[] = 0.5\noutput %c\n");
  EXPECT_EQ(Constant(FloatsAttribute("value_floats", {0.5F, 1})),
            "graph \"g\"\nconst %c: f32[2] = [0.5, 1.0]\noutput %c\n");
  EXPECT_EQ(Constant(Attribute("value_int", 7)), "graph \"g\"\nconst %c: i64[] = 7\noutput %c\n");
  EXPECT_EQ(Constant(Attribute("value_ints", std::vector<int64_t>{1, -2})),
            "graph \"g\"\nconst %c: i64[2] = [1, -2]\noutput %c\n");
}

TEST(InferenceConversionsTest, ConstantNodesOfOtherKindsAreRefused) {
  EXPECT_EQ(Constant(Attribute("value_string", "text")),
            "UNIMPLEMENTED: c (Constant): attribute value_string: not supported");
  EXPECT_EQ(Constant(Attribute("values", 1)),
            "INVALID_ARGUMENT: c (Constant): expected one attribute that is the value, got 0");
  EXPECT_EQ(Constant(Attribute("value", OnnxTensor(TensorProto::STRING, {1}))),
            "UNIMPLEMENTED: c (Constant): attribute value: the element type STRING is not "
            "supported");
  EXPECT_EQ(Constant(Attribute("value", 1)),
            "INVALID_ARGUMENT: c (Constant): attribute value: expected a tensor");
}

}  // namespace
}  // namespace rectifier
