#include "server/import/onnx/graph_reader.h"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/unit/import/onnx/import_testing.h"

namespace rectifier {
namespace {

using onnx::TensorProto;

TEST(GraphReaderTest, NamedMissingAndNegativeDimensionsAreDynamic) {
  OnnxBuilder model = XToY(17, {-1, 2, 2, 2});
  auto* shape =
      model.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape();
  shape->mutable_dim(1)->clear_value();
  shape->mutable_dim(2)->set_dim_value(-1);
  EXPECT_EQ(ImportedText(model.Node("Sigmoid", {"x"}, {"y"})), R"(graph "g"
input %x: f32[?, ?, ?, 2]
%y: f32[?, ?, ?, 2] = Sigmoid(%x)
output %y
)");
}

TEST(GraphReaderTest, InputsThatAreInitializersAreConstants) {
  for (const int64_t ir_version : {3, 8}) {
    OnnxBuilder model = XToY(7, {2});
    model.model().set_ir_version(ir_version);
    model.Input("w", {2}).Filled("w", {2}, 3).Node("Add", {"x", "w"}, {"y"});
    EXPECT_EQ(ImportedText(model), R"(graph "g"
input %x: f32[2]
const %w: f32[2] = 3.0
%y: f32[2] = Add(%x, %w)
output %y
)");
  }
}

TEST(GraphReaderTest, NodesInAnyOrderAreSorted) {
  EXPECT_EQ(ImportedText(XToY(7, {2})
                             .Node("Tanh", {"b"}, {"y"})
                             .Node("Add", {"a", "x"}, {"b"})
                             .Node("Sigmoid", {"x"}, {"a"})),
            R"(graph "g"
input %x: f32[2]
%a: f32[2] = Sigmoid(%x)
%b: f32[2] = Add(%a, %x)
%y: f32[2] = Tanh(%b)
output %y
)");
}

TEST(GraphReaderTest, CyclesAreNamed) {
  EXPECT_EQ(ImportedText(XToY(7, {2})
                             .Node("Add", {"x", "b"}, {"a"})
                             .Named("first")
                             .Node("Sigmoid", {"a"}, {"b"})
                             .Node("Tanh", {"b"}, {"y"})),
            "INVALID_ARGUMENT: model.onnx: the graph has a cycle: b (Sigmoid) -> first (Add) -> b "
            "(Sigmoid)");
  EXPECT_EQ(ImportedText(XToY(7, {2}).Node("Sigmoid", {"y"}, {"y"})),
            "INVALID_ARGUMENT: model.onnx: the graph has a cycle: y (Sigmoid) -> y (Sigmoid)");
}

TEST(GraphReaderTest, MissingTensorsAreNamed) {
  EXPECT_EQ(ImportedText(XToY(7, {2}).Node("Add", {"x", "w"}, {"y"}).Named("plus")),
            "INVALID_ARGUMENT: plus (Add): input 1 (w) is no graph input, initializer or node's "
            "output");
  EXPECT_EQ(ImportedText(XToY(7, {2}).Node("Tanh", {"x"}, {"z"})),
            "INVALID_ARGUMENT: y (graph output): is no graph input, initializer or node's output");
  // A name that the importer itself makes up cannot be read by the file.
  EXPECT_EQ(
      ImportedText(XToY(7, {2}).Node("Relu", {"x"}, {"a"}).Node("Add", {"a", "a.slope"}, {"y"})),
      "INVALID_ARGUMENT: y (Add): input 1 (a.slope) is no graph input, initializer or node's "
      "output");
}

TEST(GraphReaderTest, NamesThatAreDefinedTwiceAreRefused) {
  EXPECT_EQ(ImportedText(XToY(7, {2}).Node("Tanh", {"x"}, {"y"}).Node("Relu", {"x"}, {"y"})),
            "INVALID_ARGUMENT: y (Relu): output y is defined a second time");
  EXPECT_EQ(ImportedText(XToY(7, {2}).Node("Tanh", {"x"}, {"x"})),
            "INVALID_ARGUMENT: x (Tanh): output x is defined a second time");
  EXPECT_EQ(ImportedText(XToY(7, {2}).Filled("y", {2}).Node("Tanh", {"x"}, {"y"}).Named("t")),
            "INVALID_ARGUMENT: t (Tanh): output y is defined a second time");
  EXPECT_EQ(ImportedText(XToY(7, {2}).Filled("w", {2}).Filled("w", {2})),
            "INVALID_ARGUMENT: w (initializer): is defined a second time");
  EXPECT_EQ(ImportedText(XToY(7, {2}).Input("x", {2})),
            "INVALID_ARGUMENT: x (graph input): is defined a second time");
  EXPECT_EQ(ImportedText(XToY(7, {2}).Node("Tanh", {"x"}, {"y"}).Output("y")),
            "INVALID_ARGUMENT: y (graph output): is listed a second time");
}

TEST(GraphReaderTest, WhatIsUnnamedIsRefused) {
  EXPECT_EQ(ImportedText(XToY(7, {2}).Filled("", {2})),
            "INVALID_ARGUMENT: initializer 0: has no name");
  EXPECT_EQ(ImportedText(XToY(7, {2}).Input("", {2})),
            "INVALID_ARGUMENT: model.onnx: a graph input has no name");
  EXPECT_EQ(ImportedText(XToY(7, {2}).Node("Tanh", {"x"}, {})),
            "INVALID_ARGUMENT:  (Tanh): has no output");
  EXPECT_EQ(ImportedText(XToY(7, {2}).Node("MaxPool", {"x"}, {"", "y"}).Named("p")),
            "INVALID_ARGUMENT: p (MaxPool): has no output");
  EXPECT_EQ(ImportedText(OnnxBuilder(7).Input("x", {2})),
            "INVALID_ARGUMENT: model.onnx: the graph has no outputs");
}

TEST(GraphReaderTest, NamesThatCannotStandInMessagesAreRefused) {
  EXPECT_EQ(ImportedText(XToY(7, {2}).Node("Tanh", {"x"}, {"y"}).Named("a\nb")),
            "INVALID_ARGUMENT: node 0: the name 'a?b' has control characters");
  EXPECT_EQ(ImportedText(XToY(7, {2}).Input("\xff", {2})),
            "INVALID_ARGUMENT: graph input: the name '?' is not UTF-8");
  EXPECT_EQ(ImportedText(XToY(7, {2}).Filled(std::string(1025, 'w'), {2})),
            "INVALID_ARGUMENT: initializer: the name '" + std::string(64, 'w') +
                "...' has 1025 bytes, at most 1024 are allowed");
}

TEST(GraphReaderTest, WrongNumbersOfInputsAreRefused) {
  EXPECT_EQ(ImportedText(XToY(7, {2}).Node("Add", {"x"}, {"y"})),
            "INVALID_ARGUMENT: y (Add): expected 2 inputs, got 1");
  EXPECT_EQ(ImportedText(XToY(7, {2}).Node("Conv", {"x"}, {"y"})),
            "INVALID_ARGUMENT: y (Conv): expected 2 to 3 inputs, got 1");
  EXPECT_EQ(ImportedText(XToY(7, {2}).Node("Tanh", {"x", ""}, {"y"})),
            "INVALID_ARGUMENT: y (Tanh): expected 1 inputs, got 2");
  EXPECT_EQ(ImportedText(XToY(7, {2}).Node("Add", {"", "x"}, {"y"})),
            "INVALID_ARGUMENT: y (Add): input 0 is required");
}

TEST(GraphReaderTest, InputsOfOtherTypesAreRefused) {
  EXPECT_EQ(ImportedText(OnnxBuilder(7).Input("x", {2}, TensorProto::STRING).Output("x")),
            "UNIMPLEMENTED: x (graph input): the element type STRING is not supported");
  EXPECT_EQ(ImportedText(OnnxBuilder(7).Input("x", {2, 0}).Output("x")),
            "INVALID_ARGUMENT: x (graph input): dimension 1 is 0");
  EXPECT_EQ(ImportedText(OnnxBuilder(7).Input("x", std::vector<int64_t>(9, 1)).Output("x")),
            "INVALID_ARGUMENT: x (graph input): rank 9, at most 8 is supported");
  EXPECT_EQ(
      ImportedText(OnnxBuilder(7).Input("x", {-1, int64_t{1} << 40, int64_t{1} << 40}).Output("x")),
      "INVALID_ARGUMENT: x (graph input): shape [1, 1099511627776, 1099511627776] has more "
      "elements than can be counted");
  OnnxBuilder no_shape = OnnxBuilder(7).Input("x", {2}).Output("x");
  no_shape.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->clear_shape();
  EXPECT_EQ(ImportedText(no_shape),
            "UNIMPLEMENTED: x (graph input): a shape of unknown rank is not supported");
  no_shape.graph().mutable_input(0)->mutable_type()->mutable_sequence_type();
  EXPECT_EQ(ImportedText(no_shape), "UNIMPLEMENTED: x (graph input): only tensors are supported");
}

TEST(GraphReaderTest, InitializersThatNothingReadsAreNotLookedAt) {
  EXPECT_EQ(ImportedText(XToY(7, {2})
                             .Initializer("unused", OnnxTensor(TensorProto::STRING, {1 << 30}))
                             .Node("Tanh", {"x"}, {"y"})),
            "graph \"g\"\ninput %x: f32[2]\n%y: f32[2] = Tanh(%x)\noutput %y\n");
}

TEST(GraphReaderTest, InitializersThatCannotBeDecodedAreNamedOnce) {
  EXPECT_EQ(ImportedText(XToY(7, {2})
                             .Initializer("w", OnnxTensor(TensorProto::STRING, {2}))
                             .Node("Add", {"x", "w"}, {"a"})
                             .Node("Add", {"a", "w"}, {"y"})),
            "UNIMPLEMENTED: w (initializer): the element type STRING is not supported");
}

TEST(GraphReaderTest, SparseInitializersAreRefused) {
  OnnxBuilder model = XToY(7, {2});
  model.graph().add_sparse_initializer()->mutable_values()->set_name("w");
  EXPECT_EQ(ImportedText(model),
            "UNIMPLEMENTED: w (sparse initializer): sparse tensors are not supported");
}

TEST(GraphReaderTest, OperatorsOfOtherDomainsAndOpsetsAreRefused) {
  OnnxBuilder model = XToY(7, {2});
  model.Node("Gelu", {"x"}, {"y"}).Named("act");
  model.graph().mutable_node(0)->set_domain("com.microsoft");
  EXPECT_EQ(ImportedText(model),
            "UNIMPLEMENTED: act (Gelu): the domain com.microsoft is not supported");
  model.graph().mutable_node(0)->set_domain("ai.onnx");
  EXPECT_EQ(ImportedText(model),
            "UNIMPLEMENTED: act (Gelu): the operator Gelu of opset 7 is not supported");
}

TEST(GraphReaderTest, AttributesAreCheckedByNameAndType) {
  EXPECT_EQ(ImportedText(XToY(7, {2}).Node("Relu", {"x"}, {"y"}, {Attribute("alpha", 1.0F)})),
            "INVALID_ARGUMENT: y (Relu): attribute alpha is not one of this operator");
  EXPECT_EQ(ImportedText(XToY(7, {2}).Node("LeakyRelu", {"x"}, {"y"}, {Attribute("alpha", 1)})),
            "INVALID_ARGUMENT: y (LeakyRelu): attribute alpha: expected a float");
  EXPECT_EQ(ImportedText(XToY(7, {2}).Node("LeakyRelu", {"x"}, {"y"},
                                           {Attribute("alpha", 1.0F), Attribute("alpha", 2.0F)})),
            "INVALID_ARGUMENT: y (LeakyRelu): attribute alpha is there twice");
  // Old exporters leave the type out.
  onnx::AttributeProto untyped = Attribute("alpha", 0.5F);
  untyped.clear_type();
  EXPECT_EQ(ImportedText(XToY(7, {2}).Node("LeakyRelu", {"x"}, {"y"}, {untyped})),
            ImportedText(XToY(7, {2}).Node("LeakyRelu", {"x"}, {"y"}, {Attribute("alpha", 0.5F)})));
}

TEST(GraphReaderTest, AllProblemsAreToldAtOnce) {
  OnnxBuilder model(17);
  model.Input("x", {1, 2}).Output("y");
  model.Initializer("bad", OnnxTensor(TensorProto::FLOAT, {2}));
  model.Node("Einsum", {"x"}, {"a"}).Named("one");
  model.Node("Add", {"a", "bad"}, {"b"}).Named("two");
  model
      .Node("BatchNormalization", {"b", "b", "b", "b", "b"}, {"c"}, {Attribute("training_mode", 1)})
      .Named("three");
  model.Node("LSTM", {"c"}, {"d"}).Named("four");
  model.Node("PRelu", {"d", "nowhere"}, {"e"}).Named("five");
  model.Node("Add", {"x", "e"}, {"y"}).Named("fine");
  EXPECT_EQ(ImportedText(model),
            "UNIMPLEMENTED: one (Einsum): the operator Einsum is not supported\n"
            "bad (initializer): expected 8 bytes of FLOAT for shape [2], got 0\n"
            "three (BatchNormalization): attribute training_mode: only 0 is supported\n"
            "four (LSTM): the operator LSTM is not supported\n"
            "five (PRelu): input 1 (nowhere) is no graph input, initializer or node's output");
}

TEST(GraphReaderTest, LongListsOfProblemsAreCutShort) {
  OnnxBuilder model = XToY(17, {2});
  for (int i = 0; i < 250; ++i) model.Node("Einsum", {"x"}, {"a" + std::to_string(i)});
  model.Node("Tanh", {"x"}, {"y"});
  const std::string text = ImportedText(model);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 100);
  EXPECT_TRUE(text.ends_with("\nand 150 more")) << text;
}

// Building and walking a chain of the largest size neither recurses nor takes quadratic time. The
// last node comes first in the file.
TEST(GraphReaderTest, ChainOf100000NodesIsImported) {
  constexpr int kNodes = 100'000;
  OnnxBuilder model(17);
  model.Input("v0", {4}).Output("v" + std::to_string(kNodes));
  for (int i = kNodes; i > 0; --i) {
    model.Node("LeakyRelu", {"v" + std::to_string(i - 1)}, {"v" + std::to_string(i)});
  }
  const std::string bytes = model.Bytes();
  const auto begin = std::chrono::steady_clock::now();
  const auto graph = ImportOnnx("model.onnx", bytes, {});
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  ASSERT_TRUE(graph.ok()) << Message(graph.status());
  EXPECT_EQ(graph->nodes().size(), size_t{kNodes});
  EXPECT_LT(seconds.count(), 30);  // half a second, but sanitizers and shared machines are slow
  RecordProperty("seconds", std::to_string(seconds.count()));
}

TEST(GraphReaderTest, CycleOf100000NodesIsFound) {
  constexpr int kNodes = 100'000;
  OnnxBuilder model(17);
  model.Output("v0");
  for (int i = 0; i < kNodes; ++i) {
    model.Node("Tanh", {"v" + std::to_string((i + 1) % kNodes)}, {"v" + std::to_string(i)});
  }
  const std::string text = ImportedText(model);
  EXPECT_TRUE(text.starts_with("INVALID_ARGUMENT: model.onnx: the graph has a cycle: ")) << text;
  EXPECT_TRUE(text.ends_with(" -> ...")) << text;
}

// The file's own types stay at the edges of the graph.
TEST(GraphReaderTest, OtherFloatTypesAreConvertedAtTheEdges) {
  for (const auto& [type, name] :
       {std::pair{TensorProto::FLOAT16, "f16"}, std::pair{TensorProto::BFLOAT16, "bf16"},
        std::pair{TensorProto::DOUBLE, "f64"}}) {
    OnnxBuilder model(13);
    model.Input("x", {2}, type).Output("y");
    model.graph().mutable_output(0)->mutable_type()->mutable_tensor_type()->set_elem_type(type);
    model.Node("Tanh", {"x"}, {"y"});
    EXPECT_EQ(ImportedText(model), fmt::format(R"(graph "g"
input %x: {0}[2]
%x.f32: f32[2] = Cast(%x) {{to = "f32"}} @"x"
%y: f32[2] = Tanh(%x.f32)
%y.{0}: {0}[2] = Cast(%y) {{to = "{0}"}} @"y"
output "y" = %y.{0}
)",
                                               name));
  }
}

}  // namespace
}  // namespace rectifier
