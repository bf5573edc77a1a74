#include "client/cpp/cli/pictures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <numeric>

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
  const auto pictures = LoadArray(path, kGrayModel);
  ASSERT_TRUE(pictures.ok()) << pictures.status();
  EXPECT_THAT(pictures->names, ElementsAre("#0", "#1"));
  EXPECT_THAT(pictures->shape, ElementsAre(1, 1, 2));
  EXPECT_THAT(pictures->values, ElementsAre(1, 2, 3, 4));
}

Pictures LoadedArray(const Shape& shape, const PictureModel& model) {
  const testing::TemporaryDirectory directory;
  const auto path = directory.path() / "x.npy";
  std::vector<float> values(static_cast<size_t>(shape.ElementCount()));
  std::iota(values.begin(), values.end(), 0.0F);
  EXPECT_TRUE(WriteNpy(path, rectifier::Tensor::From<float>(shape, values).view()).ok());
  auto pictures = LoadArray(path, model);
  EXPECT_TRUE(pictures.ok()) << pictures.status();
  return pictures.ok() ? *std::move(pictures) : Pictures{};
}

TEST(PicturesTest, ArraysOfTheOtherLayoutAreTurned) {
  PictureModel model = kGrayModel;
  model.layout = Layout::kChannelsLast;
  model.channels = 3;
  const Pictures last = LoadedArray({2, 3, 1, 2}, model);
  EXPECT_EQ(last.layout, Layout::kChannelsLast);
  EXPECT_THAT(last.shape, ElementsAre(1, 2, 3));
  EXPECT_THAT(last.values, ElementsAre(0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11));
  model.layout = Layout::kChannelsFirst;
  const Pictures first = LoadedArray({2, 1, 2, 3}, model);
  EXPECT_EQ(first.layout, Layout::kChannelsFirst);
  EXPECT_THAT(first.shape, ElementsAre(3, 1, 2));
  EXPECT_THAT(first.values, ElementsAre(0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11));
}

TEST(PicturesTest, ArraysThatFitBothLayoutsOrNoneAreTakenAsTheyAre) {
  const PictureModel any_size = {
      .input = "image", .output = "logits", .layout = Layout::kChannelsLast, .channels = 3};
  EXPECT_THAT(LoadedArray({1, 3, 1, 3}, any_size).shape, ElementsAre(3, 1, 3));
  EXPECT_THAT(LoadedArray({1, 3, 1, 2}, any_size).shape, ElementsAre(1, 2, 3));
  const Pictures neither = LoadedArray({1, 5, 1, 2}, any_size);
  EXPECT_THAT(neither.shape, ElementsAre(5, 1, 2));
  EXPECT_EQ(neither.layout, Layout::kChannelsLast);
}

TEST(PicturesTest, OtherArraysAreRefused) {
  const testing::TemporaryDirectory directory;
  const auto path = directory.path() / "x.npy";
  const std::array values = {1.0F, 2.0F};
  ASSERT_TRUE(WriteNpy(path, rectifier::Tensor::From<float>({2, 1}, values).view()).ok());
  EXPECT_THAT(std::string(LoadArray(path, kGrayModel).status().message()),
              HasSubstr("expected pictures, f32 [N,C,H,W] or [N,H,W,C], got f32 [2, 1]"));
  ASSERT_TRUE(
      WriteNpy(path, rectifier::Tensor::From<float>({0, 1, 1, 1}, std::span<const float>()).view())
          .ok());
  EXPECT_FALSE(LoadArray(path, kGrayModel).ok());
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
