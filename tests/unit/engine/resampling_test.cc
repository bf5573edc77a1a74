#include "server/engine/resampling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace rectifier {
namespace {

using ::testing::ElementsAre;
using Mode = ResizeAttributes::Mode;

ResizeAttributes Attributes(Mode mode, std::string coordinates = "half_pixel") {
  ResizeAttributes attributes;
  attributes.mode = mode;
  attributes.coordinates = std::move(coordinates);
  return attributes;
}

ResizedDim Dim(int64_t input, int64_t output) {
  return {input, output, static_cast<double>(output) / static_cast<double>(input)};
}

// "0: 0.75, 1: 0.25; 1: 1": the taps of every position.
std::string TapsText(const kernels::Resampling& resampling) {
  std::vector<std::string> positions;
  for (const auto& taps : resampling.taps) {
    std::vector<std::string> texts;
    for (const kernels::Tap& tap : taps) {
      texts.push_back(fmt::format("{}: {:.5g}", tap.index, tap.weight));
    }
    positions.push_back(fmt::format("{}", fmt::join(texts, ", ")));
  }
  return fmt::format("{}", fmt::join(positions, "; "));
}

TEST(ResamplingTest, LinearWeighsTheTwoNeighbours) {
  EXPECT_EQ(TapsText(Resample(Attributes(Mode::kLinear), Dim(2, 4))),
            "0: 0.25, 0: 0.75; 0: 0.75, 1: 0.25; 0: 0.25, 1: 0.75; 1: 0.75, 1: 0.25");
  EXPECT_EQ(TapsText(Resample(Attributes(Mode::kLinear, "align_corners"), Dim(2, 3))),
            "0: 1; 0: 0.5, 1: 0.5; 1: 1");
  EXPECT_EQ(TapsText(Resample(Attributes(Mode::kLinear, "asymmetric"), Dim(2, 4))),
            "0: 1; 0: 0.5, 1: 0.5; 1: 1; 1: 0.5, 1: 0.5");
}

TEST(ResamplingTest, AntialiasWidensTheFilterWhereItShrinks) {
  ResizeAttributes attributes = Attributes(Mode::kLinear);
  attributes.antialias = true;
  EXPECT_EQ(TapsText(Resample(attributes, Dim(4, 2))),
            "0: 0.125, 0: 0.375, 1: 0.375, 2: 0.125; 1: 0.125, 2: 0.375, 3: 0.375, 3: 0.125");
  EXPECT_EQ(TapsText(Resample(attributes, Dim(2, 4))),
            TapsText(Resample(Attributes(Mode::kLinear), Dim(2, 4))));
}

TEST(ResamplingTest, WhatLiesOutsideMayBeLeftOut) {
  ResizeAttributes attributes = Attributes(Mode::kLinear);
  attributes.exclude_outside = true;
  EXPECT_EQ(TapsText(Resample(attributes, Dim(2, 4))),
            "0: 1; 0: 0.75, 1: 0.25; 0: 0.25, 1: 0.75; 1: 1");
}

TEST(ResamplingTest, CubicIsKeysConvolution) {
  // At 1/2 and a = -0.75 the outer two weigh -3/32 and the inner ones 19/32.
  EXPECT_EQ(TapsText(Resample(Attributes(Mode::kCubic, "align_corners"), Dim(4, 7))),
            "0: 1; 0: -0.09375, 0: 0.59375, 1: 0.59375, 2: -0.09375; 1: 1; "
            "0: -0.09375, 1: 0.59375, 2: 0.59375, 3: -0.09375; 2: 1; "
            "1: -0.09375, 2: 0.59375, 3: 0.59375, 3: -0.09375; 3: 1");
}

TEST(ResamplingTest, WeightsAddUpTo1InEveryMode) {
  for (const Mode mode : {Mode::kLinear, Mode::kCubic}) {
    for (const char* coordinates : {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel",
                                    "align_corners", "asymmetric", "tf_half_pixel_for_nn"}) {
      for (const int flags : {0, 1, 2, 3}) {
        ResizeAttributes attributes = Attributes(mode, coordinates);
        attributes.antialias = (flags & 1) != 0;
        attributes.exclude_outside = (flags & 2) != 0;
        for (const int64_t input : {1, 2, 5, 9}) {
          for (const int64_t output : {1, 2, 3, 7, 20}) {
            const auto resampling = Resample(attributes, Dim(input, output));
            ASSERT_EQ(resampling.taps.size(), static_cast<size_t>(output));
            for (const auto& taps : resampling.taps) {
              float sum = 0;
              for (const kernels::Tap& tap : taps) {
                ASSERT_GE(tap.index, 0);
                ASSERT_LT(tap.index, input);
                sum += tap.weight;
              }
              EXPECT_NEAR(sum, 1, 1e-5) << coordinates << " " << input << " to " << output;
            }
          }
        }
      }
    }
  }
}

std::vector<int64_t> Nearest(const char* rounding, const ResizedDim& dim,
                             const char* coordinates = "half_pixel") {
  ResizeAttributes attributes = Attributes(Mode::kNearest, coordinates);
  attributes.rounding = rounding;
  return NearestIndices(attributes, dim);
}

TEST(ResamplingTest, NearestRoundsAsItIsTold) {
  // At 0, 0.5, 1, 1.5, 2 and 2.5.
  const ResizedDim dim = Dim(3, 6);
  EXPECT_THAT(Nearest("round_prefer_floor", dim, "asymmetric"), ElementsAre(0, 0, 1, 1, 2, 2));
  EXPECT_THAT(Nearest("round_prefer_ceil", dim, "asymmetric"), ElementsAre(0, 1, 1, 2, 2, 2));
  EXPECT_THAT(Nearest("floor", dim, "asymmetric"), ElementsAre(0, 0, 1, 1, 2, 2));
  EXPECT_THAT(Nearest("ceil", dim, "asymmetric"), ElementsAre(0, 1, 1, 2, 2, 2));
}

TEST(ResamplingTest, NearestStaysInside) {
  EXPECT_THAT(Nearest("floor", Dim(2, 4)), ElementsAre(0, 0, 0, 1));
  EXPECT_THAT(Nearest("ceil", Dim(2, 4)), ElementsAre(0, 1, 1, 1));
}

TEST(ResamplingTest, CroppingMarksWhatLiesOutside) {
  // Positions −1, 0.5 and 2 of three elements.
  const ResizedDim dim{3, 3, 1, -0.5, 1.0};
  EXPECT_THAT(Nearest("floor", dim, "tf_crop_and_resize"), ElementsAre(-1, 0, 2));
  ResizeAttributes attributes = Attributes(Mode::kLinear, "tf_crop_and_resize");
  attributes.extrapolation_value = 7;
  const kernels::Resampling resampling = Resample(attributes, dim);
  EXPECT_EQ(TapsText(resampling), "; 0: 0.5, 1: 0.5; 2: 1");
  EXPECT_EQ(resampling.outside, 7);
}

TEST(ResamplingTest, CroppingToOnePositionTakesTheMiddle) {
  const ResizedDim dim{5, 1, 0.2, 0.25, 0.75};
  EXPECT_THAT(Nearest("floor", dim, "tf_crop_and_resize"), ElementsAre(2));
}

TEST(ResamplingTest, OnePositionIsTheFirstForPyTorchAndAlignedCorners) {
  for (const char* coordinates : {"pytorch_half_pixel", "align_corners"}) {
    EXPECT_THAT(Nearest("floor", Dim(5, 1), coordinates), ElementsAre(0)) << coordinates;
  }
  EXPECT_THAT(Nearest("floor", Dim(5, 1), "half_pixel"), ElementsAre(2));
}

}  // namespace
}  // namespace rectifier
