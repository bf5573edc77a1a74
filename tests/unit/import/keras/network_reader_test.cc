#include "server/import/keras/network_reader.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "tests/unit/import/keras/keras_testing.h"

namespace rectifier {
namespace {

using testing::HasSubstr;

TEST(KerasNetworkReaderTest, DenseIsAProductAndKeepsTheNamesOfKeras) {
  EXPECT_EQ(KerasFileBuilder()
                .Sequential("[null, 2]", {Layer("Dense", "scores", R"("units": 1)")})
                .Weight("layers/dense", Shape{2, 1})
                .Weight("layers/dense", Shape{1})
                .Text(),
            R"(graph "net"
input %x: f32[?, 2]
const %scores/kernel: f32[2, 1] = [1.0, 2.0]
const %scores/bias: f32[1] = 1.0
%scores/Gemm: f32[?, 1] = Gemm(%x, %scores/kernel, %scores/bias) @"scores"
output "scores" = %scores/Gemm
)");
}

TEST(KerasNetworkReaderTest, ConvolutionsStandBetweenTransposes) {
  EXPECT_EQ(KerasFileBuilder()
                .Sequential("[null, 4, 4, 2]",
                            {Layer("Conv2D", "conv",
                                   R"("filters": 1, "kernel_size": [1, 2], "use_bias": false)")})
                .Weight("layers/conv2d", Shape{1, 2, 2, 1})
                .Text(),
            R"(graph "net"
input %x: f32[?, 4, 4, 2]
const %conv/kernel: f32[1, 2, 1, 2] = [1.0, 3.0, 2.0, 4.0]
%conv/Transpose: f32[?, 2, 4, 4] = Transpose(%x) {perm = [0, 3, 1, 2]} @"conv"
%conv/Conv: f32[?, 1, 4, 3] = Conv(%conv/Transpose, %conv/kernel) @"conv"
%conv/Transpose.1: f32[?, 4, 3, 1] = Transpose(%conv/Conv) {perm = [0, 2, 3, 1]} @"conv"
output "conv" = %conv/Transpose.1
)");
}

TEST(KerasNetworkReaderTest, ChannelsFirstNeedsNoTranspose) {
  EXPECT_THAT(KerasFileBuilder()
                  .Sequential("[null, 2, 4, 4]",
                              {Layer("Conv2D", "conv",
                                     R"("filters": 1, "kernel_size": 1, "use_bias": false,
                                        "data_format": "channels_first")")})
                  .Weight("layers/conv2d", Shape{1, 1, 2, 1})
                  .Text(),
              HasSubstr("%conv/Conv: f32[?, 1, 4, 4] = Conv(%x, %conv/kernel)"));
}

TEST(KerasNetworkReaderTest, KernelsOfTheanoAreTurnedAround) {
  const auto text = [](const char* backend) {
    return KerasFileBuilder(KerasFormat::kHdf5, "2.2.4")
        .Backend(backend)
        .Sequential("[null, 1, 4, 4]",
                    {Layer("Conv2D", "conv",
                           R"("filters": 1, "kernel_size": [2, 2], "use_bias": false,
                              "data_format": "channels_first")")})
        .Weight("conv", Shape{2, 2, 1, 1})
        .Text();
  };
  EXPECT_THAT(text("tensorflow"), HasSubstr("[1.0, 2.0, 3.0, 4.0]"));
  EXPECT_THAT(text("theano"), HasSubstr("[4.0, 3.0, 2.0, 1.0]"));
}

TEST(KerasNetworkReaderTest, HardSigmoidDependsOnTheVersion) {
  const auto text = [](const char* version) {
    return KerasFileBuilder(KerasFormat::kKeras, version)
        .Sequential("[null, 2]", {Layer("Activation", "a", R"("activation": "hard_sigmoid")")})
        .Text();
  };
  EXPECT_THAT(text("2.15.0"), HasSubstr("HardSigmoid(%x) {alpha = 0.2, beta = 0.5}"));
  EXPECT_THAT(text("3.15.1"), HasSubstr("HardSigmoid(%x) {alpha = 0.16666667, beta = 0.5}"));
}

TEST(KerasNetworkReaderTest, TheStringLeakyReluHasAnotherSlopeThanTheLayer) {
  EXPECT_THAT(
      KerasFileBuilder()
          .Sequential("[null, 2]", {Layer("Activation", "a", R"("activation": "leaky_relu")"),
                                    Layer("LeakyReLU", "b")})
          .Text(),
      testing::AllOf(HasSubstr("= 0.2\n"), HasSubstr("= 0.3\n")));
}

TEST(KerasNetworkReaderTest, BothNamesOfTheSlopeAreRead) {
  EXPECT_THAT(KerasFileBuilder()
                  .Sequential("[null, 2]", {Layer("LeakyReLU", "a", R"("alpha": 1.5)"),
                                            Layer("LeakyReLU", "b", R"("negative_slope": -0.5)")})
                  .Text(),
              testing::AllOf(HasSubstr("= 1.5\n"), HasSubstr("= -0.5\n")));
}

// Its weights have the sizes of the axes as they are listed; Keras 3 sorts the axes before.
TEST(KerasNetworkReaderTest, WeightsOfLayerNormalizationInKeras2AreReadAsIfAxesWereSorted) {
  const auto text = [](const char* version, const Shape& shape) {
    return KerasFileBuilder(KerasFormat::kHdf5, version)
        .Sequential("[null, 2, 3]",
                    {Layer("LayerNormalization", "n", R"("axis": [2, 1], "center": false)")})
        .Weight("n", shape)
        .Text();
  };
  EXPECT_THAT(text("2.15.0", Shape{3, 2}),
              HasSubstr("const %n/gamma.broadcast: f32[1, 2, 3] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]"));
  EXPECT_THAT(text("3.10.0", Shape{2, 3}), HasSubstr("LayerNormalization(%x"));
  EXPECT_EQ(text("3.10.0", Shape{3, 2}),
            "n (LayerNormalization): weight gamma: expected f32[2, 3], got f32[3, 2]");
}

TEST(KerasNetworkReaderTest, SlopesOfPReluKeepTheirShape) {
  EXPECT_THAT(
      KerasFileBuilder()
          .Sequential("[null, 4, 3, 2]", {Layer("PReLU", "per_channel", R"("shared_axes": [1, 2])"),
                                          Layer("PReLU", "per_element")})
          .Weight("layers/p_re_lu", Shape{1, 1, 2})
          .Weight("layers/p_re_lu_1", Shape{4, 3, 2})
          .Text(),
      testing::AllOf(HasSubstr("const %per_channel/alpha: f32[1, 1, 2] = [1.0, 2.0]"),
                     HasSubstr("const %per_element/alpha: f32[4, 3, 2] = elided"),
                     HasSubstr(R"({origin = "prelu"})")));
}

TEST(KerasNetworkReaderTest, AnInfiniteSlopeIsRefused) {
  EXPECT_THAT(KerasFileBuilder()
                  .Sequential("[null, 1]", {Layer("PReLU", "p")})
                  .Weight("layers/p_re_lu",
                          Tensor::From<float>(
                              Shape{1}, std::vector<float>{std::numeric_limits<float>::infinity()}))
                  .Text(),
              HasSubstr("p (PReLU)"));
}

TEST(KerasNetworkReaderTest, NanInWeightsIsRefusedUnlessAllowed) {
  const auto build = [] {
    KerasFileBuilder file;
    file.Sequential("[null, 1]", {Layer("Dense", "d", R"("units": 1, "use_bias": false)")})
        .Weight("layers/dense",
                Tensor::From<float>(Shape{1, 1}, std::vector<float>{std::nanf("")}));
    return file;
  };
  EXPECT_EQ(build().Text(), "layers/dense: weight 0: element 0 is NaN");
  ImportLimits limits;
  limits.allow_nan = true;
  EXPECT_THAT(build().Text(limits), HasSubstr("MatMul"));
}

struct Refused {
  const char* name;
  const char* shape;
  std::string layer;
  const char* message;
};

void PrintTo(const Refused& refused, std::ostream* out) { *out << refused.name; }

class KerasRefusalTest : public testing::TestWithParam<Refused> {};

TEST_P(KerasRefusalTest, NamesTheLayerAndTheReason) {
  const Refused& refused = GetParam();
  const auto graph = KerasFileBuilder().Sequential(refused.shape, {refused.layer}).Read();
  ASSERT_FALSE(graph.ok());
  EXPECT_THAT(std::string(Message(graph.status())), HasSubstr(refused.message));
}

INSTANTIATE_TEST_SUITE_P(
    Layers, KerasRefusalTest,
    testing::Values(
        Refused{"Lambda", "[null, 2]", Layer("Lambda", "l"), "l (Lambda): it holds code"},
        Refused{"Lstm", "[null, 2, 2]", Layer("LSTM", "l", R"("units": 2)"),
                "l (LSTM): recurrent layers are not supported"},
        Refused{"Unknown", "[null, 2]", Layer("Frobnicate", "f"),
                "f (Frobnicate): the class is not supported"},
        Refused{"Custom", "[null, 2]",
                R"({"module": "__main__", "class_name": "Mine", "config": {"name": "m"},
                    "registered_name": "my_package>Mine"})",
                "m (Mine): custom classes (this one of __main__) are not supported"},
        Refused{"CustomWithoutAModule", "[null, 2]",
                R"({"module": null, "class_name": "ReLU", "config": {"name": "m"},
                    "registered_name": "my_package>ReLU"})",
                "m (ReLU): custom classes (this one of its author) are not supported"},
        Refused{"CustomWithoutAName", "[null, 2]",
                R"({"module": null, "class_name": "Mine", "config": {"dtype": "float32"},
                    "registered_name": "Mine"})",
                "layer 1 (Mine): custom classes (this one of its author) are not supported"},
        Refused{"QuantizedPolicy", "[null, 2]",
                Layer("Dense", "d", R"("units": 1, "dtype": {"class_name": "QuantizedDTypePolicy",
                      "config": {"mode": "int8", "source_name": "float32"}})"),
                "d (Dense): dtype: quantized layers (int8) are not supported"},
        Refused{"MissingWeight", "[null, 2]", Layer("Dense", "d", R"("units": 1)"),
                "d (Dense): expected 2 weights: kernel, bias, the file has 0"},
        Refused{"Rank", "[null, 2]", Layer("MaxPooling2D", "p", R"("pool_size": [2, 2])"),
                "p (MaxPooling2D): expected an input of rank 4, got shape [?, 2]"},
        Refused{"WrongType", "[null, 2]", Layer("LeakyReLU", "a", R"("negative_slope": "steep")"),
                "a (LeakyReLU): negative_slope: expected a finite number, got 'steep'"},
        Refused{"Activation", "[null, 2]", Layer("Activation", "a", R"("activation": "sparsemax")"),
                "a (Activation): the activation sparsemax is not supported"},
        Refused{"Quantized", "[null, 2]",
                Layer("Activation", "a", R"("activation": "relu", "dtype": "int8_from_float32")"),
                "a (Activation): dtype: quantized layers (int8_from_float32) are not supported"},
        Refused{"DynamicSlope", "[null, null, 2]", Layer("PReLU", "p"),
                "p (PReLU): expected 1 weights: alpha, the file has 0"},
        Refused{"Padding", "[null, 4, 1]", Layer("MaxPooling1D", "p", R"("padding": "full")"),
                "p (MaxPooling1D): padding: expected valid or same, got 'full'"}),
    [](const auto& param) { return param.param.name; });

TEST(KerasNetworkReaderTest, AWeightOfAnotherShapeIsRefusedByName) {
  EXPECT_EQ(KerasFileBuilder()
                .Sequential("[null, 2]", {Layer("Dense", "d", R"("units": 3, "use_bias": false)")})
                .Weight("layers/dense", Shape{3, 2})
                .Text(),
            "d (Dense): weight kernel: expected f32[2, 3], got f32[3, 2]");
}

TEST(KerasNetworkReaderTest, AllThatIsRefusedIsToldAtOnce) {
  EXPECT_EQ(
      KerasFileBuilder().Sequential("[null, 2]", {Layer("LSTM", "a"), Layer("Lambda", "b")}).Text(),
      "a (LSTM): recurrent layers are not supported\n"
      "b (Lambda): it holds code, which is never run; the same written with layers or "
      "keras.ops can be served");
}

// A call of Keras 3: "inbound_nodes": [{"args": […]}].
std::string Call(std::string_view arguments, std::string_view keywords = "") {
  return fmt::format(R"([{{"args": [{}], "kwargs": {{{}}}}}])", arguments, keywords);
}

std::string Ref(std::string_view layer, int node = 0) {
  return fmt::format(
      R"({{"class_name": "__keras_tensor__", "config": {{"keras_history": ["{}", {}, 0]}}}})",
      layer, node);
}

std::string Node(std::string_view class_name, std::string_view name, std::string_view calls,
                 std::string_view settings = R"("trainable": true)",
                 std::string_view module = "keras.layers") {
  return fmt::format(
      R"({{"module": "{}", "class_name": "{}", "name": "{}", "config": {{"name": "{}"{}{}}}, "inbound_nodes": {}}})",
      module, class_name, name, name, settings.empty() ? "" : ", ", settings, calls);
}

std::string Input(std::string_view name, std::string_view shape = "[null, 2]") {
  return Node("InputLayer", name, "[]", fmt::format(R"("batch_shape": {})", shape));
}

std::string Functional(std::string_view layers, std::string_view inputs, std::string_view outputs) {
  return fmt::format(
      R"({{"class_name": "Functional", "config": {{"name": "net", "layers": [{}], "input_layers": {}, "output_layers": {}}}}})",
      layers, inputs, outputs);
}

TEST(KerasNetworkReaderTest, ASharedLayerHasOneSetOfWeights) {
  EXPECT_EQ(
      KerasFileBuilder()
          .Config(Functional(
              Input("a") + "," + Input("b") + "," +
                  Node("Dense", "d",
                       fmt::format(R"([{{"args": [{}]}}, {{"args": [{}]}}])", Ref("a"), Ref("b")),
                       R"("units": 1, "use_bias": false)") +
                  "," + Node("Subtract", "s", Call("[" + Ref("d", 0) + "," + Ref("d", 1) + "]")),
              R"([["a", 0, 0], ["b", 0, 0]])", R"([["s", 0, 0]])"))
          .Weight("layers/dense", Shape{2, 1})
          .Text(),
      R"(graph "net"
input %a: f32[?, 2]
input %b: f32[?, 2]
const %d/kernel: f32[2, 1] = [1.0, 2.0]
%d/MatMul: f32[?, 1] = MatMul(%a, %d/kernel) @"d"
%d/MatMul.1: f32[?, 1] = MatMul(%b, %d/kernel) @"d"
%s/Sub: f32[?, 1] = Sub(%d/MatMul, %d/MatMul.1) @"s"
output "s" = %s/Sub
)");
}

TEST(KerasNetworkReaderTest, LayersAreReadInAnyOrder) {
  EXPECT_THAT(KerasFileBuilder()
                  .Config(Functional(Node("ReLU", "r", Call(Ref("a"))) + "," + Input("a"),
                                     R"([["a", 0, 0]])", R"(["r", 0, 0])"))
                  .Text(),
              HasSubstr("output \"r\" = %r/Rectifier"));
}

TEST(KerasNetworkReaderTest, ACycleIsRefused) {
  EXPECT_THAT(
      KerasFileBuilder()
          .Config(Functional(Input("a") + "," +
                                 Node("Add", "s", Call("[" + Ref("a") + "," + Ref("r") + "]")) +
                                 "," + Node("ReLU", "r", Call(Ref("s"))),
                             R"([["a", 0, 0]])", R"([["r", 0, 0]])"))
          .Text(),
      HasSubstr("the network has a cycle through it"));
}

TEST(KerasNetworkReaderTest, ALayerThatIsNotThereIsRefused) {
  EXPECT_EQ(KerasFileBuilder()
                .Config(Functional(Input("a") + "," + Node("ReLU", "r", Call(Ref("b"))),
                                   R"([["a", 0, 0]])", R"([["r", 0, 0]])"))
                .Text(),
            "r (ReLU): it reads what b returns, and there is no such layer");
}

// The network of one layer, "r", that is called with `arguments` and `keywords`.
std::string CalledWith(std::string_view class_name, const std::string& arguments,
                       std::string_view keywords = "") {
  return KerasFileBuilder()
      .Config(Functional(Input("a") + "," + Node(class_name, "r", Call(arguments, keywords)),
                         R"([["a", 0, 0]])", R"([["r", 0, 0]])"))
      .Text();
}

TEST(KerasNetworkReaderTest, WhatALayerIsCalledWithIsNotPassedOver) {
  EXPECT_EQ(CalledWith("ReLU", Ref("a"), R"("mask": )" + Ref("a")),
            "r (ReLU): it is called with mask, which is not supported");
  EXPECT_EQ(CalledWith("ReLU", Ref("a") + "," + Ref("a")),
            "r (ReLU): it is called with 2 arguments, only one is supported");
  EXPECT_THAT(CalledWith("ReLU", Ref("a") + ", null", R"("mask": [null, null])"),
              HasSubstr("Rectifier"));
}

TEST(KerasNetworkReaderTest, TrainingIsRefusedWhereItMatters) {
  EXPECT_EQ(CalledWith("Dropout", Ref("a"), R"("training": true)"),
            "r (Dropout): it is called with training=True, which is not supported");
  EXPECT_THAT(CalledWith("ReLU", Ref("a"), R"("training": true)"), HasSubstr("Rectifier"));
}

TEST(KerasNetworkReaderTest, FractionsBesideIntegersMakeFloatsOfBoth) {
  const std::string text =
      KerasFileBuilder()
          .Config(Functional(
              Node("InputLayer", "a", "[]", R"("batch_shape": [null, 2], "dtype": "int32")") + "," +
                  Node("Add", "s", Call(Ref("a") + ", 0.5"), "", "keras.src.ops.numpy"),
              R"(["a", 0, 0])", R"(["s", 0, 0])"))
          .Text();
  EXPECT_THAT(text, HasSubstr("const %s/value: f32[] = 0.5\n"));
  EXPECT_THAT(text, HasSubstr("%s/Cast: f32[?, 2] = Cast(%a) {to = \"f32\"}"));
}

TEST(KerasNetworkReaderTest, AnEmptyAxisIsNotRolled) {
  const std::string nothing =
      R"([{"class_name": "__slice__", "config": {"start": null, "stop": null}},
          {"class_name": "__slice__", "config": {"start": 2, "stop": 2}}])";
  EXPECT_THAT(
      KerasFileBuilder()
          .Config(Functional(
              Input("a") + "," +
                  Node("GetItem", "g", Call(Ref("a") + "," + nothing), "", "keras.src.ops.numpy") +
                  "," +
                  Node("Roll", "r", Call(Ref("g")), R"("shift": 1, "axis": 1)",
                       "keras.src.ops.numpy"),
              R"([["a", 0, 0]])", R"([["r", 0, 0]])"))
          .Text(),
      HasSubstr("r (Roll): axis 1 of its input, of shape [?, 0], must be known and not empty"));
}

TEST(KerasNetworkReaderTest, OperationsOfKeras3AreReadWithTheirNumbers) {
  EXPECT_EQ(
      KerasFileBuilder()
          .Config(Functional(
              Input("a") + "," +
                  Node("Multiply", "m", Call("0.5, " + Ref("a")), "", "keras.src.ops.numpy") + "," +
                  Node("Maximum", "x", Call(Ref("m") + "," + Ref("a")), "", "keras.src.ops.numpy"),
              R"(["a", 0, 0])", R"(["x", 0, 0])"))
          .Text(),
      R"(graph "net"
input %a: f32[?, 2]
const %m/value: f32[] = 0.5
%m/Mul: f32[?, 2] = Mul(%m/value, %a) @"m"
%x/Max: f32[?, 2] = Max(%m/Mul, %a) @"x"
output "x" = %x/Max
)");
}

TEST(KerasNetworkReaderTest, OperationsOfTensorFlowAreReadWithTheirNumbers) {
  EXPECT_EQ(KerasFileBuilder(KerasFormat::kHdf5, "2.15.0")
                .Config(Functional(
                    R"({"class_name": "InputLayer", "name": "a", "inbound_nodes": [],
                  "config": {"name": "a", "batch_input_shape": [null, 2], "dtype": "float32"}},
                 {"class_name": "TFOpLambda", "name": "tf.nn.leaky_relu",
                  "config": {"name": "tf.nn.leaky_relu", "function": "nn.leaky_relu"},
                  "inbound_nodes": [["a", 0, 0, {"alpha": 0.3}]]},
                 {"class_name": "TFOpLambda", "name": "tf.math.multiply",
                  "config": {"name": "tf.math.multiply", "function": "math.multiply"},
                  "inbound_nodes": [["_CONSTANT_VALUE", -1, 0.5,
                                     {"y": ["tf.nn.leaky_relu", 0, 0], "name": null}]]})",
                    R"([["a", 0, 0]])", R"([["tf.math.multiply", 0, 0]])"))
                .Text(),
            R"(graph "net"
input %a: f32[?, 2]
const %tf.nn.leaky_relu/value: f32[] = 0.3
const %tf.math.multiply/value: f32[] = 0.5
%tf.nn.leaky_relu/Rectifier: f32[?, 2] = Rectifier(%a, %tf.nn.leaky_relu/value) {origin = "leaky_relu"} @"tf.nn.leaky_relu"
%tf.math.multiply/Mul: f32[?, 2] = Mul(%tf.math.multiply/value, %tf.nn.leaky_relu/Rectifier) @"tf.math.multiply"
output "tf.math.multiply" = %tf.math.multiply/Mul
)");
}

TEST(KerasNetworkReaderTest, WhatAnOperationDoesNotKnowIsNotPassedOver) {
  const auto text = [](const char* keywords) {
    return KerasFileBuilder()
        .Config(Functional(
            Input("a") + "," +
                Node("Negative", "n", Call(Ref("a"), keywords), "", "keras.src.ops.numpy"),
            R"(["a", 0, 0])", R"(["n", 0, 0])"))
        .Text();
  };
  EXPECT_EQ(text(R"("upside_down": true)"),
            "n (Negative): the argument upside_down is not supported");
  EXPECT_THAT(text(R"("upside_down": false, "name": "n", "out": null)"), HasSubstr("Neg(%a)"));
}

// Keras 3 counts the making of a Functional in the numbers of outputs, not in those of arguments.
TEST(KerasNetworkReaderTest, CallsOfANetworkAreCountedAsKeras3DoesIt) {
  const std::string inner = fmt::format(
      R"({{"module": "keras.src.models.functional", "class_name": "Functional", "name": "inner",
          "config": {{"name": "inner", "layers": [{},{}], "input_layers": ["i", 0, 0],
                     "output_layers": ["r", 0, 0]}},
          "inbound_nodes": [{{"args": [{}]}}, {{"args": [{}]}}]}})",
      Input("i"), Node("ReLU", "r", Call(Ref("i"))), Ref("a"), Ref("b"));
  EXPECT_THAT(
      KerasFileBuilder()
          .Config(Functional(Input("a") + "," + Input("b") + "," + inner + "," +
                                 Node("Softmax", "s", Call(Ref("inner", 0))),
                             R"([["a", 0, 0], ["b", 0, 0]])", R"([["s", 0, 0], ["inner", 2, 0]])"))
          .Text(),
      testing::AllOf(HasSubstr("%inner/r/Rectifier: f32[?, 2] = Rectifier(%a"),
                     HasSubstr("%inner/r/Rectifier.1: f32[?, 2] = Rectifier(%b"),
                     HasSubstr("Softmax(%inner/r/Rectifier)"),
                     HasSubstr("output \"inner\" = %inner/r/Rectifier.1")));
}

TEST(KerasNetworkReaderTest, ANetworkIsCalledWithAsManyInputsAsItHas) {
  const std::string inner = fmt::format(
      R"({{"class_name": "Functional", "name": "inner",
          "config": {{"name": "inner", "layers": [{}], "input_layers": ["i", 0, 0],
                     "output_layers": ["i", 0, 0]}},
          "inbound_nodes": [{{"args": [[{}, {}]]}}]}})",
      Input("i"), Ref("a"), Ref("a"));
  EXPECT_EQ(
      KerasFileBuilder()
          .Config(Functional(Input("a") + "," + inner, R"([["a", 0, 0]])", R"([["inner", 1, 0]])"))
          .Text(),
      "inner (Functional): expected 1 inputs, got 2");
}

TEST(KerasNetworkReaderTest, PathsAreAsLongAsNamesMayBe) {
  const std::string name(600, 'n');
  const std::string inner =
      fmt::format(R"({{"class_name": "Sequential", "config": {{"name": "{}", "layers": [{}]}}}})",
                  name, Layer("ReLU", name));
  EXPECT_THAT(KerasFileBuilder().Sequential("[null, 1]", {inner}).Text(),
              HasSubstr("has 1201 bytes, at most 1024 are allowed"));
}

TEST(KerasNetworkReaderTest, RoundingToDecimalsIsRefused) {
  const auto text = [](const char* decimals) {
    return KerasFileBuilder()
        .Config(
            Functional(Input("a") + "," +
                           Node("Round", "r", Call(Ref("a")),
                                fmt::format(R"("decimals": {})", decimals), "keras.src.ops.numpy"),
                       R"(["a", 0, 0])", R"(["r", 0, 0])"))
        .Text();
  };
  EXPECT_THAT(text("0"), HasSubstr("%r/Round: f32[?, 2] = Round(%a)"));
  EXPECT_EQ(text("2"), "r (Round): decimals: only 0 is supported, got 2");
}

// Keras 3 writes training=True for them, the default of their call().
TEST(KerasNetworkReaderTest, AugmentationIsNothingOnceTheNetworkIsTrained) {
  const std::string text = CalledWith("RandomFlip", Ref("a"), R"("training": true)");
  EXPECT_THAT(text, HasSubstr("output \"r\" = %r/Identity"));
}

TEST(KerasNetworkReaderTest, PicturesOfWholeNumbersStayWholeNumbersInKeras3) {
  const auto text = [](const char* version, const char* interpolation) {
    return KerasFileBuilder(KerasFormat::kKeras, version)
        .Config(Functional(
            Node("InputLayer", "a", "[]", R"("batch_shape": [null, 2, 2, 1], "dtype": "uint8")") +
                "," +
                Node("Resizing", "r", Call(Ref("a")),
                     fmt::format(
                         R"("trainable": true, "height": 3, "width": 3, "interpolation": "{}")",
                         interpolation)),
            R"(["a", 0, 0])", R"(["r", 0, 0])"))
        .Text();
  };
  const std::string whole = text("3.15.0", "bicubic");
  EXPECT_THAT(whole, HasSubstr("Round(%r/Transpose.1)"));
  EXPECT_THAT(whole, HasSubstr("const %r/value.1: f32[] = 255.0"));
  EXPECT_THAT(whole, HasSubstr("%r/Cast.1: u8[?, 3, 3, 1] = Cast(%r/Clip) {to = \"u8\"}"));
  EXPECT_THAT(text("2.15.0", "bicubic"), HasSubstr("output \"r\" = %r/Transpose.1"));
}

// SpatialDropout of Keras 3 has a type, and no `trainable`; an operation has neither.
TEST(KerasNetworkReaderTest, ALayerWithATypeIsNoOperation) {
  EXPECT_THAT(
      KerasFileBuilder(KerasFormat::kHdf5)
          .Sequential(
              "[null, 4, 4, 2]",
              {R"({"class_name": "SpatialDropout2D", "config": {"name": "d", "rate": 0.5, "dtype": "float32"}})"})
          .Text(),
      HasSubstr("Identity(%x)"));
}

TEST(KerasNetworkReaderTest, AnOperationThatIsNotKnownIsRefusedByName) {
  EXPECT_EQ(
      KerasFileBuilder()
          .Config(Functional(
              Input("a") + "," + Node("Conjugate", "c", Call(Ref("a")), "", "keras.src.ops.numpy"),
              R"(["a", 0, 0])", R"(["c", 0, 0])"))
          .Text(),
      "c (Conjugate): the operation Conjugate is not supported");
}

TEST(KerasNetworkReaderTest, OutputsOfOneLayerAreNumbered) {
  EXPECT_THAT(
      KerasFileBuilder()
          .Config(Functional(
              Input("a") + "," + Input("b") + "," +
                  Node("ReLU", "r",
                       fmt::format(R"([{{"args": [{}]}}, {{"args": [{}]}}])", Ref("a"), Ref("b"))),
              R"([["a", 0, 0], ["b", 0, 0]])", R"([["r", 0, 0], ["r", 1, 0]])"))
          .Text(),
      testing::AllOf(HasSubstr("output \"r\" = %r/Rectifier\n"),
                     HasSubstr("output \"r_1\" = %r/Rectifier.1\n")));
}

TEST(KerasNetworkReaderTest, HalvesStayAtTheEdges) {
  EXPECT_EQ(
      KerasFileBuilder()
          .Config(Functional(
              Node("InputLayer", "a", "[]", R"("batch_shape": [null, 2], "dtype": "float16")") +
                  "," +
                  Node("ReLU", "r", Call(Ref("a")),
                       R"("trainable": true, "dtype": {"class_name": "DTypePolicy",
                                "config": {"name": "mixed_float16"}})"),
              R"(["a", 0, 0])", R"(["r", 0, 0])"))
          .Text(),
      R"(graph "net"
input %a: f16[?, 2]
const %r/value: f32[] = 0.0
%a/Cast: f32[?, 2] = Cast(%a) {to = "f32"} @"a"
%r/Rectifier: f32[?, 2] = Rectifier(%a/Cast, %r/value) {origin = "relu"} @"r"
%r/Cast: f16[?, 2] = Cast(%r/Rectifier) {to = "f16"} @"r"
output "r" = %r/Cast
)");
}

// A network that calls one within it twice, which calls one within it twice, …: 2^12 calls of
// `layer` in the innermost one.
std::string Doubling(const std::string& layer) {
  std::string inner = layer;
  std::string last = "r";
  for (int depth = 0; depth < 12; ++depth) {
    const std::string name = fmt::format("n{}", depth);
    inner = fmt::format(
        R"({{"class_name": "Functional", "name": "{}", "config": {{"name": "{}", "layers": [{},{}],
             "input_layers": ["a", 0, 0], "output_layers": ["{}", {}, 0]}},
             "inbound_nodes": [["a", 0, 0, {{}}], ["{}", 1, 0, {{}}]]}})",
        name, name, Input("a"), inner, last, depth == 0 ? 0 : 2, name);
    last = name;
  }
  return Functional(Input("a") + "," + inner, R"(["a", 0, 0])",
                    fmt::format(R"(["{}", 2, 0])", last));
}

TEST(KerasNetworkReaderTest, NetworksInNetworksThatMultiplyAreBounded) {
  ImportLimits limits;
  limits.max_nodes = 1000;
  const char* too_many = "its networks within networks call too many layers";
  EXPECT_THAT(
      KerasFileBuilder().Config(Doubling(Node("ReLU", "r", R"([["a", 0, 0, {}]])"))).Text(limits),
      HasSubstr(too_many));
  // Of this one nothing comes, so that there are no nodes to be counted.
  EXPECT_THAT(KerasFileBuilder()
                  .Config(Doubling(
                      Node("Activation", "r", R"([["a", 0, 0, {}]])", R"("activation": "linear")")))
                  .Text(limits),
              HasSubstr(too_many));
}

TEST(KerasNetworkReaderTest, ListsThatAreNotAlikeAreNoTensor) {
  // By their first items 1000^8 numbers.
  std::string list = "1";
  for (int depth = 0; depth < 8; ++depth) {
    std::string longer = "[" + list;
    for (int i = 1; i < 1000; ++i) longer += ",0";
    list = longer + "]";
  }
  EXPECT_EQ(KerasFileBuilder()
                .Config(Functional(
                    Input("a") + "," +
                        Node("Add", "s", Call(Ref("a") + "," + list), "", "keras.src.ops.numpy"),
                    R"(["a", 0, 0])", R"(["s", 0, 0])"))
                .Text(),
            "s (Add): argument x2: expected a tensor or numbers, got a list");
}

TEST(KerasNetworkReaderTest, NothingLargeIsMadeOfNothing) {
  EXPECT_THAT(KerasFileBuilder()
                  .Sequential("[null, 1000000000]", {Layer("LayerNormalization", "n",
                                                           R"("scale": false, "center": false)")})
                  .Text(),
              HasSubstr("n (LayerNormalization): more than 16777216 elements"));
}

TEST(KerasNetworkReaderTest, FilesOfKeras1AreRefused) {
  EXPECT_EQ(KerasFileBuilder(KerasFormat::kHdf5, "1.2.2").Text(),
            "model.keras: was written by Keras 1 (Keras 2 and 3 are supported)");
}

// Python's json writes numbers that JSON does not have.
TEST(KerasNetworkReaderTest, InfinityIsRefusedOnlyWhereItIsNeeded) {
  EXPECT_THAT(
      KerasFileBuilder()
          .Sequential("[null, 2]",
                      {Layer("ReLU", "Infinity \\\" NaN",
                             R"("constraint": {"most": Infinity, "least": [-Infinity, NaN]})")})
          .Text(),
      HasSubstr("Rectifier(%x"));
  EXPECT_EQ(KerasFileBuilder()
                .Sequential("[null, 2]", {Layer("ReLU", "r", R"("max_value": -Infinity)")})
                .Text(),
            "r (ReLU): max_value: expected a finite number, got '-Infinity'");
  EXPECT_EQ(KerasFileBuilder().Config("{Infinity").Text(), "model.keras: is not JSON");
}

TEST(KerasNetworkReaderTest, WhatIsNoNetworkIsRefused) {
  EXPECT_EQ(KerasFileBuilder().Config("{").Text(), "model.keras: is not JSON");
  EXPECT_EQ(KerasFileBuilder().Config("[]").Text(),
            "model.keras: its JSON is no network: expected class_name and config");
  EXPECT_EQ(KerasFileBuilder().Config(R"({"class_name": "Mine", "config": {}})").Text(),
            "model.keras: the class Mine is not supported (Sequential and Functional are; of a "
            "subclass that was built from layers save keras.Model(model.inputs, model.outputs))");
  EXPECT_THAT(KerasFileBuilder().Config(std::string(1000, '[')).Text(),
              HasSubstr("nested more than 64 deep"));
}

}  // namespace
}  // namespace rectifier
