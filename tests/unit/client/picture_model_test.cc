#include "client/cpp/cli/picture_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rectifier::client::cli {
namespace {

using ::testing::HasSubstr;

ModelMetadata Model(std::vector<int64_t> shape, const std::string& datatype = "FP32") {
  ModelMetadata model;
  model.name = "net";
  model.inputs = {{"image", datatype, std::move(shape)}};
  model.outputs = {{"logits", "FP32", {-1, 10}}, {"other", "FP32", {-1, 2}}};
  return model;
}

std::string Message(const absl::Status& status) { return std::string(status.message()); }

TEST(PictureModelTest, TheMetadataSaysEverything) {
  const auto model = PictureModelOf(Model({-1, 3, 24, 32}), {});
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->input, "image");
  EXPECT_EQ(model->output, "logits");
  EXPECT_EQ(model->layout, Layout::kChannelsFirst);
  EXPECT_EQ(model->channels, 3);
  EXPECT_EQ(model->height, 24);
  EXPECT_EQ(model->width, 32);
  EXPECT_TRUE(CheckFilesCanBeConverted(*model).ok());
}

TEST(PictureModelTest, AShapeThatEndsInChannelsIsChannelsLast) {
  const auto model = PictureModelOf(Model({-1, 24, 32, 3}), {});
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->layout, Layout::kChannelsLast);
  EXPECT_EQ(model->channels, 3);
  EXPECT_EQ(model->height, 24);
  EXPECT_EQ(model->width, 32);
}

TEST(PictureModelTest, TheOptionsComeFirst) {
  PictureOptions options;
  options.layout = Layout::kChannelsLast;
  options.channels = 4;
  options.height = 5;
  options.width = 6;
  options.output = "other";
  const auto model = PictureModelOf(Model({-1, 1, 8, 8}), options);
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->layout, Layout::kChannelsLast);
  EXPECT_EQ(model->channels, 4);
  EXPECT_EQ(model->height, 5);
  EXPECT_EQ(model->width, 6);
  EXPECT_EQ(model->output, "other");
}

TEST(PictureModelTest, WhatIsOpenIsAskedFor) {
  const auto any_size = PictureModelOf(Model({-1, 3, -1, -1}), {});
  ASSERT_TRUE(any_size.ok());
  EXPECT_THAT(Message(CheckFilesCanBeConverted(*any_size)), HasSubstr("choose one with --size"));
  const auto any_channels = PictureModelOf(Model({-1, -1, 8, 8}), {});
  ASSERT_TRUE(any_channels.ok());
  EXPECT_THAT(Message(CheckFilesCanBeConverted(*any_channels)), HasSubstr("--channels"));
  const auto seven = PictureModelOf(Model({-1, 7, 8, 8}), {});
  ASSERT_TRUE(seven.ok());
  EXPECT_THAT(Message(CheckFilesCanBeConverted(*seven)), HasSubstr("1, 3 or 4 channels, not 7"));
}

TEST(PictureModelTest, ModelsThatTakeNoPicturesAreRefused) {
  EXPECT_EQ(Message(PictureModelOf(Model({-1, 64}), {}).status()),
            "model 'net', input 'image': expected pictures, FP32 of rank 4, got FP32 [-1,64]");
  EXPECT_THAT(Message(PictureModelOf(Model({-1, 1, 8, 8}, "UINT8"), {}).status()),
              HasSubstr("got UINT8"));
  ModelMetadata two = Model({-1, 1, 8, 8});
  two.inputs.push_back(two.inputs[0]);
  EXPECT_EQ(Message(PictureModelOf(two, {}).status()),
            "model 'net': expected one input that takes pictures, got 2");
  EXPECT_THAT(Message(PictureModelOf(Model({-1, 1, 0, 8}), {}).status()),
              HasSubstr("its height cannot be 0"));
}

TEST(PictureModelTest, AnUnknownOutputIsNamed) {
  PictureOptions options;
  options.output = "nothing";
  EXPECT_EQ(Message(PictureModelOf(Model({-1, 1, 8, 8}), options).status()),
            "model 'net': has no output 'nothing'");
}

}  // namespace
}  // namespace rectifier::client::cli
