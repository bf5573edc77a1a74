#include "server/engine/kernels/row_sum.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace rectifier::kernels {
namespace {

using ::testing::ElementsAre;

std::vector<float> Summed(const RowSum& shape, const std::vector<float>& z,
                          const float* bias = nullptr) {
  std::vector<float> y(
      static_cast<size_t>(shape.samples * shape.rows * shape.columns * shape.channels), -1);
  SumRows(shape, y.data(), z.data(), bias);
  return y;
}

// One column and channel, of which `taps` rows are summed.
RowSum Column(int64_t z_rows, int64_t rows, int64_t taps) {
  RowSum shape;
  shape.samples = 1;
  shape.rows = rows;
  shape.z_rows = z_rows;
  shape.columns = 1;
  shape.channels = 1;
  shape.taps = taps;
  return shape;
}

TEST(SumRowsTest, ATapIsTakenFromItsRow) {
  EXPECT_THAT(Summed(Column(3, 2, 2), {1, 10, 2, 20, 3, 30}), ElementsAre(1 + 20, 2 + 30));
}

TEST(SumRowsTest, RowsInThePaddingCountNothing) {
  RowSum shape = Column(2, 4, 3);
  shape.pad = 2;
  EXPECT_THAT(Summed(shape, {1, 10, 100, 2, 20, 200}), ElementsAre(100, 10 + 200, 1 + 20, 2));
}

TEST(SumRowsTest, TapsMayLieApart) {
  RowSum shape = Column(4, 3, 2);
  shape.dilation = 3;
  shape.pad = 1;
  EXPECT_THAT(Summed(shape, {1, 10, 2, 20, 3, 30, 4, 40}), ElementsAre(30, 1 + 40, 2));
}

TEST(SumRowsTest, AWindowThatSeesNothingGivesTheBias) {
  RowSum shape = Column(1, 3, 1);
  shape.pad = 1;
  const float bias = 7;
  EXPECT_THAT(Summed(shape, {1}, &bias), ElementsAre(7, 8, 7));
}

// 12 channels: eight together, three, and one.
TEST(SumRowsTest, EveryChannelOfEverySampleAndColumnHasItsOwnSum) {
  RowSum shape = Column(2, 1, 2);
  shape.samples = 2;
  shape.columns = 3;
  shape.channels = 12;
  std::vector<float> z;
  for (int n = 0; n < 2; ++n) {
    for (int row = 0; row < 2; ++row) {
      for (int j = 0; j < 3; ++j) {
        for (int k = 0; k < 2; ++k) {
          for (int m = 0; m < 12; ++m) {
            // Only where tap and row agree does it count.
            z.push_back(k == row ? static_cast<float>(1000 * n + 100 * j + m + k) : -1e6F);
          }
        }
      }
    }
  }
  const std::vector<float> y = Summed(shape, z);
  for (int n = 0; n < 2; ++n) {
    for (int j = 0; j < 3; ++j) {
      for (int m = 0; m < 12; ++m) {
        EXPECT_EQ(y[static_cast<size_t>((n * 3 + j) * 12 + m)],
                  static_cast<float>(2 * (1000 * n + 100 * j + m) + 1));
      }
    }
  }
}

}  // namespace
}  // namespace rectifier::kernels
