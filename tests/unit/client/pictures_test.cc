#include "client/cpp/cli/pictures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "server/core/npy.h"
#include "tests/unit/client/png_writer.h"
#include "tests/unit/client/temporary_directory.h"

namespace rectifier::client::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::HasSubstr;

const PictureModel kGrayModel = {
    .input = "image", .output = "logits", .channels = 1, .height = 1, .width = 2};

std::string Gray(unsigned char left, unsigned char right) {
  return testing::WritePng({.width = 2, .height = 1, .rows = {{left, right}}});
}

TEST(PicturesTest, FilesBecomeInputsNamesAndLabels) {
  const testing::TemporaryDirectory directory;
  ClassifyOptions options;
  options.files = {directory.Write("a_label3.png", Gray(0, 255)),
                   directory.Write("b.png", Gray(51, 102))};
  const auto pictures = LoadPictures(options, kGrayModel);
  ASSERT_TRUE(pictures.ok()) << pictures.status();
  EXPECT_THAT(pictures->names, ElementsAre("a_label3.png", "b.png"));
  EXPECT_THAT(pictures->labels, ElementsAre(3, std::nullopt));
  EXPECT_THAT(pictures->shape, ElementsAre(1, 1, 2));
  EXPECT_THAT(pictures->values, ElementsAre(0, 1, FloatEq(0.2F), FloatEq(0.4F)));
}

TEST(PicturesTest, AnotherSizeIsResizedAndAnotherColourConverted) {
  const testing::TemporaryDirectory directory;
  ClassifyOptions options;
  options.files = {directory.Write("a.png", Gray(0, 255))};
  PictureModel model = kGrayModel;
  model.layout = Layout::kChannelsLast;
  model.channels = 3;
  model.width = 1;
  const auto pictures = LoadPictures(options, model);
  ASSERT_TRUE(pictures.ok()) << pictures.status();
  EXPECT_THAT(pictures->shape, ElementsAre(1, 1, 3));
  EXPECT_THAT(pictures->values, ElementsAre(0.5, 0.5, 0.5));
}

TEST(PicturesTest, MeansMustFitTheChannels) {
  ClassifyOptions options;
  options.files = {"a.png"};
  options.normalization.mean = {1, 2};
  EXPECT_EQ(std::string(LoadPictures(options, kGrayModel).status().message()),
            "--mean, --std: 2 numbers for 1 channels");
}

TEST(PicturesTest, ADamagedFileIsNamed) {
  const testing::TemporaryDirectory directory;
  ClassifyOptions options;
  options.files = {directory.Write("a.png", Gray(0, 255)), directory.Write("bad.png", "x")};
  EXPECT_THAT(std::string(LoadPictures(options, kGrayModel).status().message()),
              HasSubstr("bad.png: not a PNG file"));
}

TEST(PicturesTest, ArraysAreTakenAsTheyAre) {
  const testing::TemporaryDirectory directory;
  const auto path = directory.path() / "x.npy";
  const std::array values = {1.0F, 2.0F, 3.0F, 4.0F};
  ASSERT_TRUE(WriteNpy(path, rectifier::Tensor::From<float>({2, 1, 1, 2}, values).view()).ok());
  const auto pictures = LoadArray(path, Layout::kChannelsFirst);
  ASSERT_TRUE(pictures.ok()) << pictures.status();
  EXPECT_THAT(pictures->names, ElementsAre("#0", "#1"));
  EXPECT_THAT(pictures->shape, ElementsAre(1, 1, 2));
  EXPECT_THAT(pictures->values, ElementsAre(1, 2, 3, 4));
}

TEST(PicturesTest, OtherArraysAreRefused) {
  const testing::TemporaryDirectory directory;
  const auto path = directory.path() / "x.npy";
  const std::array values = {1.0F, 2.0F};
  ASSERT_TRUE(WriteNpy(path, rectifier::Tensor::From<float>({2, 1}, values).view()).ok());
  EXPECT_THAT(std::string(LoadArray(path, Layout::kChannelsFirst).status().message()),
              HasSubstr("expected pictures, f32 [N,C,H,W], got f32 [2, 1]"));
  ASSERT_TRUE(
      WriteNpy(path, rectifier::Tensor::From<float>({0, 1, 1, 1}, std::span<const float>()).view())
          .ok());
  EXPECT_FALSE(LoadArray(path, Layout::kChannelsFirst).ok());
}

TEST(PicturesTest, DrawingsKeepValuesInTheUnitRangeAndStretchOthers) {
  Pictures pictures{
      .names = {"a", "b", "c"}, .labels = {}, .shape = {1, 1, 2}, .values = {0, 0.5, -1, 3, 7, 7}};
  EXPECT_THAT(pictures.Drawing(0).values, ElementsAre(0, 127.5));
  EXPECT_THAT(pictures.Drawing(1).values, ElementsAre(0, 255));
  EXPECT_THAT(pictures.Drawing(2).values, ElementsAre(0, 0));
}

TEST(PicturesTest, DrawingsOfBothLayoutsAreTheSame) {
  const Pictures first{.names = {"a"},
                       .labels = {},
                       .shape = {3, 1, 2},
                       .layout = Layout::kChannelsFirst,
                       .values = {1, 0, 1, 0, 1, 0.5}};
  const Pictures last{.names = {"a"},
                      .labels = {},
                      .shape = {1, 2, 3},
                      .layout = Layout::kChannelsLast,
                      .values = {1, 1, 1, 0, 0, 0.5}};
  EXPECT_EQ(first.Drawing(0).values, last.Drawing(0).values);
  EXPECT_EQ(first.Drawing(0).width, 2);
  EXPECT_EQ(last.Drawing(0).height, 1);
}

}  // namespace
}  // namespace rectifier::client::cli
