#include "server/models/configured_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_testing.h"
#include "tests/unit/models/model_testing.h"

namespace rectifier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ConfiguredModelTest : public testing::Test {
 protected:
  // x: FP32 [?, 3] → y, the same.
  ConfiguredModelTest() { folder_.Write("m/1/model.onnx", LeakyModel({-1, 3}).Bytes()); }

  void Configure(std::string_view text) { folder_.Write("m/config.pbtxt", text); }
  auto Load(const std::string& path = "m/1") {
    return LoadConfiguredModel(folder_.path() / path, EngineOptions(4), SteadyClock());
  }

  const TemporaryFolder folder_;
};

TEST_F(ConfiguredModelTest, WithoutAFileTheServersOptionsHold) {
  const auto loaded = Load();
  ASSERT_TRUE(loaded.ok()) << StatusText(loaded);
  EXPECT_EQ(loaded->model->signature().max_batch, 4);
  EXPECT_EQ(loaded->configuration.batching.delay, Duration::zero());
}

TEST_F(ConfiguredModelTest, TheFileDecidesOnTheLargestBatch) {
  for (const int64_t max_batch : {1, 3, 8}) {
    Configure(fmt::format("max_batch_size: {}", max_batch));
    const auto loaded = Load();
    ASSERT_TRUE(loaded.ok()) << StatusText(loaded);
    EXPECT_EQ(loaded->model->signature().max_batch, max_batch);
  }
}

TEST_F(ConfiguredModelTest, AModelThatIsNotToBeBatchedTakesDimension0AsOneLikeOthers) {
  Configure("max_batch_size: 0 input { name: 'x' data_type: TYPE_FP32 dims: [ -1, 3 ] }");
  const auto loaded = Load();
  ASSERT_TRUE(loaded.ok()) << StatusText(loaded);
  EXPECT_EQ(loaded->model->signature().max_batch, 0);
  EXPECT_TRUE(loaded->model->has_dynamic_shapes());
  const std::vector<Shape> shapes{Shape{5, 3}};
  EXPECT_THAT((*loaded->model->OutputTypes(1, shapes))[0].shape.dims(), ElementsAre(5, 3));
}

TEST_F(ConfiguredModelTest, HowItIsBatchedIsHandedOn) {
  Configure("dynamic_batching { max_queue_delay_microseconds: 7 preferred_batch_size: 2 }");
  const auto loaded = Load();
  ASSERT_TRUE(loaded.ok()) << StatusText(loaded);
  EXPECT_EQ(loaded->configuration.batching.delay, std::chrono::microseconds(7));
  EXPECT_THAT(loaded->configuration.batching.preferred_batches, ElementsAre(2));
}

TEST_F(ConfiguredModelTest, WhatTheNetworkIsNotIsRefused) {
  Configure("input { name: 'z' data_type: TYPE_FP32 dims: 3 }");
  EXPECT_THAT(StatusText(Load()), StartsWith("INVALID_ARGUMENT: config.pbtxt:1: input 'z': the "
                                             "network has no such input; it has x"));
}

TEST_F(ConfiguredModelTest, ABatchThatTheNetworkCannotHaveIsRefused) {
  folder_.Write("m/1/model.onnx", LeakyModel({2, 3}).Bytes());
  Configure("max_batch_size: 4");
  EXPECT_THAT(StatusText(Load()), HasSubstr("dimension 0 of its inputs is not open"));
  Configure("max_batch_size: 0");
  EXPECT_EQ(StatusText(Load()), "OK");
}

TEST_F(ConfiguredModelTest, TheFileIsFoundHoweverTheVersionsFolderIsNamed) {
  Configure("name: 'other'");
  for (const char* path : {"m/1", "m/1/", "m/./1", "m/../m/1"}) {
    EXPECT_THAT(StatusText(Load(path)), HasSubstr("expected 'm', the model's folder")) << path;
  }
}

TEST_F(ConfiguredModelTest, AModelFileOrAFolderThatIsNoVersionHasNoConfiguration) {
  Configure("name: 'other'");
  EXPECT_EQ(StatusText(Load("m/1/model.onnx")), "OK");
  folder_.Write("m/next/model.onnx", LeakyModel({-1, 3}).Bytes());
  EXPECT_EQ(StatusText(Load("m/next")), "OK");
}

}  // namespace
}  // namespace rectifier
