#include "server/import/keras/layer_weights.h"

#include <gmock/gmock.h>

#include "tests/unit/import/keras/keras_testing.h"

namespace rectifier {
namespace {

TEST(SnakeCaseTest, IsThatOfKeras) {
  // What Python's to_snake_case() of Keras gives.
  const std::pair<const char*, const char*> cases[] = {
      {"PReLU", "p_re_lu"},
      {"LeakyReLU", "leaky_re_lu"},
      {"ReLU", "re_lu"},
      {"ELU", "elu"},
      {"Conv2D", "conv2d"},
      {"Conv2DTranspose", "conv2d_transpose"},
      {"DepthwiseConv2D", "depthwise_conv2d"},
      {"TFOpLambda", "tf_op_lambda"},
      {"GlobalMaxPooling2D", "global_max_pooling2d"},
      {"RMSNormalization", "rms_normalization"},
      {"BatchNormalization", "batch_normalization"},
      {"Dense", "dense"},
  };
  for (const auto& [class_name, snake] : cases) EXPECT_EQ(SnakeCase(class_name), snake);
}

// The first element of each weight, by layer and name.
std::string Bound(KerasFileBuilder& builder) {
  KerasFile file = builder.Build();
  const auto json = ParseJson("model", file.config, {});
  EXPECT_TRUE(json.ok());
  const auto network = ReadNetworkConfig("model", *json, {});
  if (!network.ok()) return std::string(Message(network.status()));
  const auto table = WeightTable::Bind(**network, std::move(file));
  if (!table.ok()) return std::string(Message(table.status()));
  std::string text;
  const auto print = [&](const NetworkConfig& config, const auto& self) -> void {
    for (const LayerDescription& layer : config.layers) {
      for (const LayerWeight& weight : table->of(layer)) {
        text +=
            fmt::format("{}.{} = {}\n", layer.name, weight.name, weight.tensor->data<float>()[0]);
      }
      if (layer.network != nullptr) self(*layer.network, self);
    }
  };
  print(**network, print);
  return text;
}

KerasFileBuilder& Numbered(KerasFileBuilder& builder, const std::string& path, float value) {
  return builder.Weight(path, Tensor::From<float>(Shape{1}, std::vector<float>{value}));
}

TEST(WeightTableTest, PathsCountTheLayersOfEachClass) {
  KerasFileBuilder builder;
  builder.Sequential("[null, 1]",
                     {Layer("Dense", "first", R"("use_bias": false)"), Layer("ReLU", "between"),
                      Layer("Dense", "second", R"("use_bias": false)")});
  Numbered(builder, "layers/dense", 1);
  Numbered(builder, "layers/dense_1", 2);
  EXPECT_EQ(Bound(builder), "first.kernel = 1\nsecond.kernel = 2\n");
}

TEST(WeightTableTest, OlderFilesCallTheContainerOtherwise) {
  KerasFileBuilder builder;
  builder.Sequential("[null, 1]", {Layer("Dense", "d", R"("use_bias": false)")});
  Numbered(builder, "_layer_checkpoint_dependencies/dense", 1);
  EXPECT_EQ(Bound(builder), "d.kernel = 1\n");
}

TEST(WeightTableTest, AnActivationHasItsOwnWeights) {
  const std::string dense =
      Layer("Dense", "d",
            R"("activation": {"class_name": "PReLU", "config": {"name": "p"}}, "use_bias": false)");
  KerasFileBuilder keras;
  keras.Sequential("[null, 1]", {dense});
  Numbered(keras, "layers/dense", 1);
  Numbered(keras, "layers/dense/activation", 2);
  EXPECT_EQ(Bound(keras), "d.kernel = 1\nd.alpha = 2\n");
  KerasFileBuilder h5(KerasFormat::kHdf5);
  h5.Sequential("[null, 1]", {dense});
  Numbered(h5, "d", 1);
  Numbered(h5, "d", 2);
  EXPECT_EQ(Bound(h5), "d.kernel = 1\nd.alpha = 2\n");
}

std::string Nested(std::string_view trainable) {
  return fmt::format(
      R"({{"class_name": "Sequential", "config": {{"name": "inner", "layers": [
           {{"class_name": "Dense", "config": {{"name": "frozen", "use_bias": false, "trainable": {}}}}},
           {{"class_name": "BatchNormalization", "config": {{"name": "norm", "trainable": true}}}}]}}}})",
      trainable);
}

TEST(WeightTableTest, AnInnerNetworksListHasWhatIsTrainedFirst) {
  KerasFileBuilder builder(KerasFormat::kHdf5);
  builder.Sequential("[null, 1]", {Nested("false")});
  for (const float value : {1.0F, 2.0F, 3.0F, 4.0F, 5.0F}) Numbered(builder, "inner", value);
  EXPECT_EQ(Bound(builder),
            "frozen.kernel = 3\n"
            "norm.gamma = 1\nnorm.beta = 2\nnorm.moving_mean = 4\nnorm.moving_variance = 5\n");
  KerasFileBuilder trained(KerasFormat::kHdf5);
  trained.Sequential("[null, 1]", {Nested("true")});
  for (const float value : {1.0F, 2.0F, 3.0F, 4.0F, 5.0F}) Numbered(trained, "inner", value);
  EXPECT_EQ(Bound(trained),
            "frozen.kernel = 1\n"
            "norm.gamma = 2\nnorm.beta = 3\nnorm.moving_mean = 4\nnorm.moving_variance = 5\n");
}

TEST(WeightTableTest, AnInnerNetworkHasAContainerOfItsOwn) {
  KerasFileBuilder builder;
  builder.Sequential("[null, 1]", {Nested("true")});
  Numbered(builder, "layers/sequential/layers/dense", 1);
  for (const float value : {2.0F, 3.0F, 4.0F, 5.0F}) {
    Numbered(builder, "layers/sequential/layers/batch_normalization", value);
  }
  EXPECT_THAT(Bound(builder), testing::HasSubstr("norm.moving_variance = 5\n"));
}

TEST(WeightTableTest, AWrongNumberOfWeightsIsRefused) {
  KerasFileBuilder builder(KerasFormat::kHdf5);
  builder.Sequential("[null, 1]", {Nested("true")});
  Numbered(builder, "inner", 1);
  EXPECT_EQ(Bound(builder), "inner (Sequential): expected 5 weights in all, the file has 1");
}

TEST(WeightTableTest, AMissingWeightOfAnInnerNetworkIsNamedWithItsPath) {
  KerasFileBuilder builder;
  builder.Sequential("[null, 1]", {Nested("true")});
  EXPECT_EQ(Bound(builder), "inner/frozen (Dense): expected 1 weights: kernel, the file has 0");
}

}  // namespace
}  // namespace rectifier
