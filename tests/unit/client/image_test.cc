#include "client/cpp/cli/image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace rectifier::client::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::FloatNear;
using ::testing::Pointwise;

TEST(WithChannelsTest, GrayIsRepeatedToColour) {
  EXPECT_THAT(WithChannels({2, 1, 1, {5, 7}}, 3, 0).values, ElementsAre(5, 5, 5, 7, 7, 7));
}

TEST(WithChannelsTest, ColourBecomesLuma) {
  const Image gray = WithChannels({3, 1, 3, {255, 0, 0, 0, 255, 0, 0, 0, 255}}, 1, 0);
  EXPECT_EQ(gray.channels, 1);
  EXPECT_THAT(gray.values, ElementsAre(FloatEq(76.245F), FloatEq(149.685F), FloatEq(29.07F)));
}

TEST(WithChannelsTest, AlphaIsLaidOverTheBackground) {
  const Image image{3, 1, 2, {200, 255, 200, 0, 200, 127.5}};
  EXPECT_THAT(WithChannels(image, 1, 0).values, ElementsAre(200, 0, 100));
  EXPECT_THAT(WithChannels(image, 1, 100).values, ElementsAre(200, 100, 150));
}

TEST(WithChannelsTest, ColoursAlphaIsLaidOverTheBackgroundToo) {
  EXPECT_THAT(WithChannels({1, 1, 4, {10, 20, 30, 0}}, 3, 255).values, ElementsAre(255, 255, 255));
}

TEST(WithChannelsTest, AlphaThatIsAskedForIsKeptOrOpaque) {
  EXPECT_THAT(WithChannels({1, 1, 2, {10, 99}}, 4, 0).values, ElementsAre(10, 10, 10, 99));
  EXPECT_THAT(WithChannels({1, 1, 3, {1, 2, 3}}, 4, 0).values, ElementsAre(1, 2, 3, 255));
}

TEST(ResizeTest, TheSameSizeIsUntouched) {
  EXPECT_THAT(Resize({2, 1, 1, {1, 2}}, 2, 1).values, ElementsAre(1, 2));
}

TEST(ResizeTest, DoublingInterpolatesBetweenThePixelsCentres) {
  EXPECT_THAT(Resize({2, 1, 1, {0, 100}}, 4, 1).values, ElementsAre(0, 25, 75, 100));
}

TEST(ResizeTest, HalvingTakesTheMiddleOfFourPixels) {
  EXPECT_THAT(Resize({2, 2, 1, {0, 10, 20, 30}}, 1, 1).values, ElementsAre(15));
}

TEST(ResizeTest, OnePixelFillsAnySize) {
  EXPECT_THAT(Resize({1, 1, 3, {1, 2, 3}}, 1, 2).values, ElementsAre(1, 2, 3, 1, 2, 3));
}

// The definition, written down once more: each result samples the source at its centre.
float Sample(const Image& image, int width, int height, int y, int x, int channel) {
  const auto pixel = [&](int row, int column) {
    return image.at(std::clamp(row, 0, image.height - 1), std::clamp(column, 0, image.width - 1),
                    channel);
  };
  const float v = (static_cast<float>(y) + 0.5F) * static_cast<float>(image.height) /
                      static_cast<float>(height) -
                  0.5F;
  const float u =
      (static_cast<float>(x) + 0.5F) * static_cast<float>(image.width) / static_cast<float>(width) -
      0.5F;
  const int row = static_cast<int>(std::floor(v));
  const int column = static_cast<int>(std::floor(u));
  const float dv = v - static_cast<float>(row);
  const float du = u - static_cast<float>(column);
  return (1 - dv) * ((1 - du) * pixel(row, column) + du * pixel(row, column + 1)) +
         dv * ((1 - du) * pixel(row + 1, column) + du * pixel(row + 1, column + 1));
}

TEST(ResizeTest, EverySizeAgreesWithTheDefinition) {
  Image image{5, 3, 2, {}};
  for (int i = 0; i < 30; ++i) image.values.push_back(static_cast<float>((i * 37) % 256));
  for (int height = 1; height <= 9; ++height) {
    for (int width = 1; width <= 9; ++width) {
      const Image resized = Resize(image, width, height);
      std::vector<float> expected;
      for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
          for (int c = 0; c < 2; ++c) expected.push_back(Sample(image, width, height, y, x, c));
        }
      }
      EXPECT_THAT(resized.values, Pointwise(FloatNear(1e-3F), expected)) << width << "x" << height;
    }
  }
}

TEST(ToInputTest, TheDefaultMaps255ToOne) {
  EXPECT_THAT(ToInput({3, 1, 1, {0, 51, 255}}, Layout::kChannelsFirst, {}),
              ElementsAre(0, FloatEq(0.2F), 1));
}

TEST(ToInputTest, ChannelsFirstHasOnePlaneAChannel) {
  const Image image{2, 1, 3, {1, 2, 3, 4, 5, 6}};
  const Normalization as_is{.scale = 1};
  EXPECT_THAT(ToInput(image, Layout::kChannelsFirst, as_is), ElementsAre(1, 4, 2, 5, 3, 6));
  EXPECT_THAT(ToInput(image, Layout::kChannelsLast, as_is), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(ToInputTest, MeanAndDeviationAreTheChannels) {
  const Normalization normalization{.scale = 0.5, .mean = {1, 2, 3}, .deviation = {1, 2, 4}};
  EXPECT_THAT(ToInput({1, 1, 3, {10, 10, 10}}, Layout::kChannelsFirst, normalization),
              ElementsAre(4, 1.5, 0.5));
}

}  // namespace
}  // namespace rectifier::client::cli
