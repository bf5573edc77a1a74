#include "server/engine/kernels/phases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace rectifier::kernels {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

std::vector<float> Gathered(const PhaseGather& shape) {
  std::vector<float> z(static_cast<size_t>(shape.samples * shape.rows * shape.columns *
                                           shape.stride_h * shape.stride_w * shape.channels));
  std::iota(z.begin(), z.end(), 0.0F);
  std::vector<float> y(
      static_cast<size_t>(shape.samples * shape.height * shape.width * shape.channels), -1);
  GatherPhases(shape, y.data(), z.data());
  return y;
}

// The formula of the header.
std::vector<float> Expected(const PhaseGather& s) {
  std::vector<float> y;
  for (int64_t n = 0; n < s.samples; ++n) {
    for (int64_t i = 0; i < s.height; ++i) {
      for (int64_t j = 0; j < s.width; ++j) {
        for (int64_t m = 0; m < s.channels; ++m) {
          const int64_t a = i + s.crop_h;
          const int64_t b = j + s.crop_w;
          int64_t at = (n * s.rows + a / s.stride_h) * s.columns + b / s.stride_w;
          at = (at * s.stride_h + a % s.stride_h) * s.stride_w + b % s.stride_w;
          y.push_back(static_cast<float>(at * s.channels + m));
        }
      }
    }
  }
  return y;
}

TEST(GatherPhasesTest, TurnsChannelsIntoNeighbours) {
  EXPECT_THAT(Gathered({1, 1, 2, 2, 2, 1, 0, 0, 2, 4}), ElementsAre(0, 1, 4, 5, 2, 3, 6, 7));
}

TEST(GatherPhasesTest, LeavesOutWhatIsCroppedAtEitherEnd) {
  EXPECT_THAT(Gathered({1, 1, 2, 2, 2, 1, 1, 1, 1, 2}), ElementsAre(3, 6));
}

TEST(GatherPhasesTest, AResultWithinOneBlockIsFoundToo) {
  EXPECT_THAT(Gathered({1, 1, 1, 1, 4, 1, 0, 1, 1, 2}), ElementsAre(1, 2));
}

TEST(GatherPhasesTest, DoesWhatItsFormulaSaysForBlocksOfEverySize) {
  for (int64_t channels = 1; channels <= 9; ++channels) {
    for (int64_t stride = 1; stride <= 3; ++stride) {
      for (int64_t crop = 0; crop < stride; ++crop) {
        const PhaseGather shape{2,
                                3,
                                4,
                                stride,
                                stride,
                                channels,
                                crop,
                                crop,
                                3 * stride - crop,
                                4 * stride - crop - (stride > 2 ? 1 : 0)};
        EXPECT_THAT(Gathered(shape), ElementsAreArray(Expected(shape)))
            << channels << " channels, stride " << stride << ", crop " << crop;
      }
    }
  }
}

}  // namespace
}  // namespace rectifier::kernels
