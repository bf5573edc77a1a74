#include "server/engine/kernels/convolve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "server/engine/kernels/pad.h"

namespace rectifier::kernels {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

constexpr int64_t kCacheBytes = int64_t{512} << 10;

struct Case {
  const char* name;
  Convolution shape;
};

void PrintTo(const Case& c, std::ostream* stream) { *stream << c.name; }

Convolution Shape(int64_t samples, std::array<int64_t, 2> channels, std::array<int64_t, 2> input,
                  std::array<int64_t, 2> kernel, std::array<int64_t, 2> output) {
  Convolution shape;
  shape.samples = samples;
  shape.in_channels = channels[0];
  shape.out_channels = shape.y_step = channels[1];
  shape.input = input;
  shape.output = output;
  shape.kernel = kernel;
  shape.strides = {1, 1};
  shape.dilations = {1, 1};
  return shape;
}

Convolution Padded(Convolution shape, int64_t top, int64_t left) {
  shape.pads_begin = {top, left};
  return shape;
}

Convolution Strided(Convolution shape, int64_t rows, int64_t columns) {
  shape.strides = {rows, columns};
  return shape;
}

Convolution Pooled(Convolution shape, int64_t rows, int64_t columns) {
  shape.pool = {rows, columns};
  return shape;
}

Convolution Dilated(Convolution shape, int64_t rows, int64_t columns) {
  shape.dilations = {rows, columns};
  return shape;
}

size_t SizeOfX(const Convolution& s) {
  return static_cast<size_t>(s.samples * s.input[0] * s.input[1] * s.in_channels);
}

size_t SizeOfY(const Convolution& s) {
  return static_cast<size_t>(s.samples * (s.output[0] / s.pool[0]) * (s.output[1] / s.pool[1]) *
                             s.out_channels);
}

std::vector<float> Random(size_t size, uint32_t seed) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> distribution(-1, 1);
  std::vector<float> values(size);
  for (float& value : values) value = distribution(engine);
  return values;
}

// Operands of a convolution, in exactly the memory that they need.
struct Operands {
  std::vector<float> x;
  std::vector<float> filters;
  std::vector<float> bias;
  std::vector<float> before;
  std::vector<float> addend;
  std::vector<float> other;  // that is added
  std::vector<float> after;

  explicit Operands(const Convolution& s)
      : x(Random(SizeOfX(s), 1)),
        filters(Random(
            static_cast<size_t>(s.out_channels * s.in_channels * s.kernel[0] * s.kernel[1]), 2)),
        bias(Random(static_cast<size_t>(s.out_channels), 3)),
        before(Random(static_cast<size_t>(s.out_channels), 4)),
        addend(Random(SizeOfY(s), 5)),
        other(Random(SizeOfY(s), 7)),
        after(Random(static_cast<size_t>(s.out_channels), 6)) {}

  ConvolutionEnd End() const {
    return {bias.data(), {before.data()}, {addend.data(), other.data()}, {after.data()}};
  }
  // With which short rows have a loop of their own.
  ConvolutionEnd EndWithoutAddends() const {
    return {bias.data(), {before.data()}, {}, {after.data()}};
  }
};

std::vector<float> Convolved(const Convolution& shape, const std::vector<float>& x,
                             const std::vector<float>& filters, const ConvolutionEnd& end,
                             int64_t cache_bytes = kCacheBytes) {
  std::vector<float> packed(static_cast<size_t>(PackedFilterSize(shape)));
  PackFilters(shape, packed.data(), filters.data());
  std::vector<float> y(SizeOfY(shape), std::numeric_limits<float>::quiet_NaN());
  Convolve(shape, y.data(), x.data(), packed.data(), end, cache_bytes);
  return y;
}

// The formula, in double.
std::vector<float> Reference(const Convolution& s, const Operands& operands,
                             const ConvolutionEnd& end) {
  std::vector<float> y;
  const auto inside = [](int64_t i, int64_t size) { return i >= 0 && i < size; };
  const auto rectified = [](double value, float slope) {
    return value > 0 ? value : slope * value;
  };
  for (int64_t n = 0; n < s.samples; ++n) {
    for (int64_t i = 0; i < s.output[0]; ++i) {
      for (int64_t j = 0; j < s.output[1]; ++j) {
        for (int64_t m = 0; m < s.out_channels; ++m) {
          double sum = operands.bias[static_cast<size_t>(m)];
          for (int64_t k = 0; k < s.kernel[0]; ++k) {
            const int64_t row = i * s.strides[0] - s.pads_begin[0] + k * s.dilations[0];
            for (int64_t l = 0; l < s.kernel[1]; ++l) {
              const int64_t column = j * s.strides[1] - s.pads_begin[1] + l * s.dilations[1];
              if (!inside(row, s.input[0]) || !inside(column, s.input[1])) continue;
              for (int64_t c = 0; c < s.in_channels; ++c) {
                const int64_t pixel = (n * s.input[0] + row) * s.input[1] + column;
                const int64_t tap = ((m * s.in_channels + c) * s.kernel[0] + k) * s.kernel[1] + l;
                sum += static_cast<double>(
                           operands.x[static_cast<size_t>(pixel * s.in_channels + c)]) *
                       operands.filters[static_cast<size_t>(tap)];
              }
            }
          }
          sum = rectified(sum, operands.before[static_cast<size_t>(m)]);
          for (const float* addend : end.addends) {
            if (addend != nullptr) sum += addend[y.size()];
          }
          y.push_back(static_cast<float>(rectified(sum, operands.after[static_cast<size_t>(m)])));
        }
      }
    }
  }
  return y;
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// What the blocks, spans and tiles are cut into differs in each.
const Case kCases[] = {
    {"OneTile", Shape(1, {4, 16}, {1, 6}, {1, 1}, {1, 6})},
    {"OnePosition", Shape(1, {3, 5}, {2, 2}, {2, 2}, {1, 1})},
    {"PositionsThatFillNoTile", Shape(3, {5, 16}, {3, 5}, {1, 1}, {3, 5})},
    {"AChannelThatFillsNoPanel", Shape(1, {4, 1}, {7, 7}, {3, 3}, {5, 5})},
    {"PartsOfTheLastPanel15", Shape(1, {4, 31}, {7, 7}, {3, 3}, {5, 5})},
    {"PartsOfTheLastPanel10", Shape(1, {4, 26}, {7, 7}, {3, 3}, {5, 5})},
    {"PartsOfTheLastPanel7", Shape(1, {4, 23}, {7, 7}, {3, 3}, {5, 5})},
    {"PartsOfTheLastPanel8", Shape(1, {4, 8}, {7, 7}, {3, 3}, {5, 5})},
    {"AWholePanelOf32", Shape(1, {4, 32}, {7, 7}, {3, 3}, {5, 5})},
    {"PanelsOf32And16", Shape(2, {20, 45}, {7, 8}, {3, 3}, {5, 6})},
    {"PanelsOf32AndAPartOf32", Shape(2, {20, 57}, {7, 8}, {3, 3}, {5, 6})},
    {"PaddingOnAllSides", Padded(Shape(2, {6, 17}, {9, 10}, {3, 5}, {9, 10}), 1, 2)},
    {"PaddingWiderThanTheInput", Padded(Shape(1, {3, 16}, {2, 2}, {5, 5}, {6, 6}), 4, 4)},
    {"WindowsThatSeeNothing", Padded(Shape(1, {3, 16}, {2, 2}, {1, 1}, {6, 6}), 2, 2)},
    {"SinglePositionsMovedDown", Padded(Shape(2, {20, 16}, {5, 6}, {1, 1}, {5, 6}), 1, 0)},
    {"Strides", Padded(Strided(Shape(2, {8, 20}, {13, 17}, {3, 3}, {7, 6}), 2, 3), 1, 1)},
    {"Dilations", Padded(Dilated(Shape(2, {8, 20}, {13, 17}, {3, 3}, {13, 17}), 2, 3), 2, 3)},
    {"RowsThatAreDilated",
     Padded(Dilated(Shape(1, {8, 16}, {13, 17}, {3, 3}, {13, 17}), 2, 1), 2, 1)},
    {"ARowCutIntoParts", Padded(Shape(1, {100, 16}, {5, 9}, {2, 7}, {5, 9}), 1, 3)},
    {"ADilatedRowCutIntoParts",
     Padded(Dilated(Shape(1, {100, 16}, {5, 29}, {2, 7}, {5, 29}), 1, 3), 1, 9)},
    {"RowsTakenTogether", Padded(Shape(1, {24, 16}, {9, 14}, {7, 3}, {9, 14}), 3, 1)},
    {"ChannelsInChunks", Padded(Shape(2, {700, 40}, {4, 5}, {3, 2}, {4, 5}), 1, 1)},
    {"ChannelsInChunksOfOneTap", Shape(2, {1030, 50}, {3, 3}, {1, 1}, {3, 3})},
    {"MostTaps", Padded(Shape(1, {2, 3}, {20, 40}, {16, 32}, {20, 40}), 8, 16)},
    {"MostChannels", Padded(Shape(1, {8192, 2}, {1, 2}, {1, 3}, {1, 2}), 0, 1)},
    {"ManyChannelsOfFewPositions", Padded(Shape(1, {20, 790}, {3, 3}, {3, 3}, {3, 3}), 1, 1)},
    {"SeveralSpans", Padded(Shape(2, {16, 33}, {31, 33}, {3, 3}, {31, 33}), 1, 1)},
    {"ShortRows", Padded(Shape(2, {3, 20}, {31, 29}, {3, 3}, {31, 29}), 1, 1)},
    {"ShortRowsOfOneChannel", Padded(Shape(2, {1, 16}, {40, 40}, {3, 3}, {38, 41}), 0, 2)},
    {"ShortRowsWithStrides",
     Padded(Strided(Shape(3, {2, 16}, {40, 41}, {4, 5}, {13, 21}), 3, 2), 1, 2)},
    {"ShortRowsFarApart",
     Padded(Dilated(Shape(1, {3, 16}, {19, 19}, {5, 3}, {15, 19}), 3, 1), 4, 1)},
    {"ShortRowsThatSeeNothing", Padded(Shape(1, {2, 16}, {2, 2}, {3, 3}, {9, 9}), 4, 5)},
    {"MostShortRows", Padded(Shape(1, {1, 16}, {100, 3}, {192, 1}, {20, 3}), 100, 0)},
    {"ShortRowsWithHolesBetweenWindows", Strided(Shape(2, {1, 16}, {9, 31}, {3, 3}, {7, 6}), 1, 5)},
    {"ShortRowsOfMoreThanAVector", Padded(Shape(2, {3, 16}, {9, 11}, {3, 4}, {9, 11}), 1, 1)},
    {"ShortRowsCutIntoParts", Padded(Shape(1, {3, 20}, {3, 2001}, {3, 3}, {3, 2001}), 1, 1)},
    {"RowsWithoutPadding", Shape(3, {20, 20}, {8, 9}, {3, 3}, {6, 7})},
    {"RowsWithoutPaddingCutIntoParts", Shape(2, {100, 16}, {6, 13}, {2, 7}, {5, 7})},
    {"RowsWithoutPaddingInChunks", Shape(2, {700, 40}, {5, 5}, {3, 2}, {3, 4})},
    {"RowsWithoutPaddingWithStrides", Strided(Shape(2, {20, 16}, {9, 13}, {3, 3}, {4, 4}), 2, 3)},
    {"RowsWithoutPaddingFarApart", Dilated(Shape(2, {20, 16}, {11, 9}, {3, 3}, {5, 7}), 3, 1)},
    {"ALongRow", Padded(Shape(2, {16, 16}, {1, 2001}, {1, 3}, {1, 2001}), 0, 1)},
    {"AColumn", Padded(Shape(2, {7, 16}, {50, 1}, {3, 1}, {50, 1}), 1, 0)},
};

class ConvolveTest : public ::testing::TestWithParam<Case> {
 protected:
  const Convolution& shape() const { return GetParam().shape; }
};

TEST_P(ConvolveTest, AgreesWithSumsInDouble) {
  const Operands operands(shape());
  const double depth =
      static_cast<double>(shape().in_channels * shape().kernel[0] * shape().kernel[1]);
  const double tolerance = 1e-6 + 1e-7 * depth;
  for (const ConvolutionEnd& end : {operands.End(), operands.EndWithoutAddends()}) {
    const std::vector<float> y = Convolved(shape(), operands.x, operands.filters, end);
    const std::vector<float> want = Reference(shape(), operands, end);
    for (size_t i = 0; i < y.size(); ++i) ASSERT_NEAR(y[i], want[i], tolerance) << i;
  }
}

TEST_P(ConvolveTest, ASampleHasTheSameBitsInEveryBatch) {
  Convolution three = shape();
  three.samples = 3;
  const Operands operands(three);
  const std::vector<float> batch =
      Convolved(three, operands.x, operands.filters, {operands.bias.data()});
  Convolution one = shape();
  one.samples = 1;
  std::vector<float> singly;
  for (int64_t n = 0; n < three.samples; ++n) {
    const auto begin = operands.x.begin() + n * static_cast<int64_t>(SizeOfX(one));
    const std::vector<float> x(begin, begin + static_cast<int64_t>(SizeOfX(one)));
    const std::vector<float> y = Convolved(one, x, operands.filters, {operands.bias.data()});
    singly.insert(singly.end(), y.begin(), y.end());
  }
  EXPECT_TRUE(SameBits(batch, singly));
}

TEST_P(ConvolveTest, ZerosAroundTheInputHaveTheBitsOfPadding) {
  Convolution wider = shape();
  Padding padding{.samples = shape().samples,
                  .channels = shape().in_channels,
                  .input = {1, shape().input[0], shape().input[1]},
                  .output = {1, 1, 1},
                  .begin = {0, shape().pads_begin[0], shape().pads_begin[1]}};
  for (size_t i = 0; i < 2; ++i) {
    const int64_t seen = (shape().output[i] - 1) * shape().strides[i] +
                         (shape().kernel[i] - 1) * shape().dilations[i] + 1;
    wider.input[i] = std::max(seen, shape().pads_begin[i] + shape().input[i]);
    wider.pads_begin[i] = 0;
    padding.output[i + 1] = wider.input[i];
  }
  const Operands operands(shape());
  std::vector<float> x(SizeOfX(wider), std::numeric_limits<float>::quiet_NaN());
  Pad(padding, x.data(), operands.x.data(), 0);
  for (const ConvolutionEnd& end : {operands.End(), operands.EndWithoutAddends()}) {
    EXPECT_TRUE(SameBits(Convolved(shape(), operands.x, operands.filters, end),
                         Convolved(wider, x, operands.filters, end)));
  }
}

TEST_P(ConvolveTest, NeitherThreadsNorTheCacheChangeBits) {
  const Operands operands(shape());
  const int threads = omp_get_max_threads();
  for (const ConvolutionEnd& end : {operands.End(), operands.EndWithoutAddends()}) {
    omp_set_num_threads(1);
    const std::vector<float> y = Convolved(shape(), operands.x, operands.filters, end);
    for (const int64_t cache_bytes : {int64_t{1} << 12, int64_t{1} << 24}) {
      EXPECT_TRUE(SameBits(y, Convolved(shape(), operands.x, operands.filters, end, cache_bytes)));
    }
    omp_set_num_threads(3);
    EXPECT_TRUE(SameBits(y, Convolved(shape(), operands.x, operands.filters, end)));
  }
  omp_set_num_threads(threads);
}

// Which loop runs must not show: the sums of short rows are those of others.
TEST_P(ConvolveTest, AddendsOfZeroChangeNoBits) {
  const Operands operands(shape());
  const std::vector<float> zeros(SizeOfY(shape()), 0);
  const ConvolutionEnd end = {operands.bias.data(), {}, {}, {}};
  ConvolutionEnd with_zeros = end;
  with_zeros.addends[0] = zeros.data();
  EXPECT_TRUE(SameBits(Convolved(shape(), operands.x, operands.filters, end),
                       Convolved(shape(), operands.x, operands.filters, with_zeros)));
}

INSTANTIATE_TEST_SUITE_P(Shapes, ConvolveTest, ::testing::ValuesIn(kCases),
                         [](const auto& test) { return std::string(test.param.name); });

// What the spans are made of differs in each.
const Case kPooledCases[] = {
    {"OneWindow", Pooled(Shape(1, {20, 16}, {4, 4}, {3, 3}, {2, 2}), 2, 2)},
    {"WholeRows", Pooled(Padded(Shape(3, {20, 40}, {8, 8}, {3, 3}, {8, 8}), 1, 1), 2, 2)},
    {"RowsAndColumnsLeftOut",
     Pooled(Padded(Shape(2, {20, 33}, {7, 9}, {3, 3}, {7, 9}), 1, 1), 2, 2)},
    {"PartsOfRows", Pooled(Padded(Shape(2, {16, 16}, {6, 401}, {3, 3}, {6, 401}), 1, 1), 2, 2)},
    {"WindowsThatAreNotSquare", Pooled(Shape(2, {5, 7}, {13, 17}, {2, 3}, {12, 15}), 4, 2)},
    {"OneDimension", Pooled(Padded(Shape(3, {16, 24}, {1, 50}, {1, 3}, {1, 50}), 0, 1), 1, 4)},
    {"SinglePositions", Pooled(Shape(2, {30, 20}, {6, 10}, {1, 1}, {6, 10}), 2, 2)},
    {"ShortRows", Pooled(Padded(Shape(2, {3, 16}, {10, 10}, {3, 3}, {10, 10}), 1, 1), 2, 2)},
    {"ShortRowsCutIntoParts",
     Pooled(Padded(Shape(1, {3, 40}, {7, 401}, {3, 3}, {7, 401}), 1, 1), 2, 3)},
    {"ChannelsInChunks", Pooled(Shape(1, {700, 40}, {5, 7}, {2, 2}, {4, 6}), 2, 2)},
    {"MostTaps", Pooled(Shape(1, {2, 3}, {20, 40}, {16, 32}, {5, 9}), 1, 8)},
};

class PooledConvolutionTest : public ConvolveTest {};

TEST_P(PooledConvolutionTest, IsTheGreatestOfEachWindowBitForBit) {
  Convolution whole = shape();
  whole.pool = {1, 1};
  const Operands operands(whole);
  ConvolutionEnd end = operands.End();
  end.addends = {};
  const std::vector<float> y = Convolved(whole, operands.x, operands.filters, end);
  std::vector<float> want;
  const auto [rows, columns] = shape().pool;
  const auto at = [&](int64_t n, int64_t i, int64_t j, int64_t m) {
    return y[static_cast<size_t>(
        ((n * whole.output[0] + i) * whole.output[1] + j) * whole.out_channels + m)];
  };
  for (int64_t n = 0; n < whole.samples; ++n) {
    for (int64_t i = 0; i + rows <= whole.output[0]; i += rows) {
      for (int64_t j = 0; j + columns <= whole.output[1]; j += columns) {
        for (int64_t m = 0; m < whole.out_channels; ++m) {
          float greatest = at(n, i, j, m);
          for (int64_t k = 0; k < rows * columns; ++k) {
            greatest = std::max(greatest, at(n, i + k / columns, j + k % columns, m));
          }
          want.push_back(greatest);
        }
      }
    }
  }
  const int threads = omp_get_max_threads();
  for (const int count : {1, 3}) {
    omp_set_num_threads(count);
    for (const int64_t cache_bytes : {int64_t{1} << 12, kCacheBytes, int64_t{1} << 24}) {
      EXPECT_TRUE(
          SameBits(Convolved(shape(), operands.x, operands.filters, end, cache_bytes), want))
          << count << " threads, " << cache_bytes;
    }
  }
  omp_set_num_threads(threads);
}

INSTANTIATE_TEST_SUITE_P(Shapes, PooledConvolutionTest, ::testing::ValuesIn(kPooledCases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(PooledConvolveTest, AWindowPassesOverNanAndBeginsAtTheLowestNumber) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kLowest = std::numeric_limits<float>::lowest();
  const Convolution shape = Pooled(Shape(1, {1, 1}, {1, 8}, {1, 1}, {1, 8}), 1, 2);
  EXPECT_THAT(Convolved(shape, {kNan, -1, -2, kNan, kNan, kNan, -kInfinity, -kInfinity}, {1}, {}),
              ElementsAre(-1, -2, kLowest, kLowest));
}

TEST(ConvolveSumsTest, ProductsAreAddedTapByTapWithOneRoundingEach) {
  const Convolution shape = Shape(1, {40, 1}, {4, 5}, {4, 5}, {1, 1});
  const Operands operands(shape);
  float sum = operands.bias[0];
  for (size_t tap = 0; tap < 20; ++tap) {
    for (size_t c = 0; c < 40; ++c) {
      sum = std::fmaf(operands.x[tap * 40 + c], operands.filters[c * 20 + tap], sum);
    }
  }
  EXPECT_EQ(Convolved(shape, operands.x, operands.filters, {operands.bias.data()})[0], sum);
}

// Of tiles and of what is left at their end.
TEST(ConvolveSumsTest, ShortRowsHaveTheSameBitsInImagesOfEveryWidth) {
  constexpr int64_t kWidest = 20;
  for (const int64_t channels : {16, 13, 32, 50}) {
    const Operands operands(Shape(1, {2, channels}, {2, kWidest + 2}, {2, 3}, {1, kWidest}));
    const auto of_width = [&](int64_t width) {
      const Convolution shape = Shape(1, {2, channels}, {2, width + 2}, {2, 3}, {1, width});
      std::vector<float> x;
      for (int64_t row = 0; row < 2; ++row) {
        const auto begin = operands.x.begin() + row * (kWidest + 2) * 2;
        x.insert(x.end(), begin, begin + (width + 2) * 2);
      }
      return Convolved(shape, x, operands.filters, {operands.bias.data()});
    };
    const std::vector<float> widest = of_width(kWidest);
    for (int64_t width = 1; width < kWidest; ++width) {
      EXPECT_TRUE(SameBits(of_width(width), {widest.begin(), widest.begin() + width * channels}))
          << channels << " channels, " << width << " positions";
    }
  }
}

TEST(ConvolveSumsTest, PaddingMayBeNegative) {
  const Convolution shape = Padded(Shape(1, {1, 1}, {2, 3}, {1, 1}, {2, 3}), -1, -1);
  EXPECT_THAT(Convolved(shape, {1, 2, 3, 4, 5, 6}, {1}, {}), ElementsAre(5, 6, 0, 0, 0, 0));
}

TEST(ConvolveSumsTest, YMayBeSomeChannelsOfALargerTensor) {
  constexpr int64_t kAround = 10;
  for (const Convolution& shape :
       {Padded(Shape(2, {20, 37}, {7, 8}, {3, 3}, {7, 8}), 1, 1),
        Padded(Shape(2, {3, 20}, {31, 29}, {3, 3}, {31, 29}), 1, 1),  // short rows
        Shape(2, {20, 7}, {5, 9}, {1, 1}, {5, 9}),
        Pooled(Padded(Shape(2, {20, 16}, {6, 6}, {3, 3}, {6, 6}), 1, 1), 2, 2)}) {
    const Operands operands(shape);
    const std::vector<float> y =
        Convolved(shape, operands.x, operands.filters, {operands.bias.data()});
    Convolution part = shape;
    part.y_step += kAround;
    std::vector<float> packed(static_cast<size_t>(PackedFilterSize(part)));
    PackFilters(part, packed.data(), operands.filters.data());
    const auto channels = static_cast<size_t>(shape.out_channels);
    const auto step = static_cast<size_t>(part.y_step);
    std::vector<float> whole(SizeOfY(shape) / channels * step, -9);
    Convolve(part, whole.data() + kAround / 2, operands.x.data(), packed.data(),
             {operands.bias.data()}, kCacheBytes);
    std::vector<float> want(whole.size(), -9);
    for (size_t i = 0; i < y.size(); ++i) {
      want[i / channels * step + kAround / 2 + i % channels] = y[i];
    }
    EXPECT_TRUE(SameBits(whole, want));
  }
}

TEST(ConvolveSumsTest, OfNoSamplesWritesNothing) {
  EXPECT_TRUE(
      Convolved(Shape(0, {16, 16}, {1, 1}, {1, 1}, {1, 1}), {}, Random(256, 1), {}).empty());
  EXPECT_TRUE(Convolved(Shape(0, {1, 16}, {5, 5}, {3, 3}, {3, 3}), {}, Random(144, 1), {}).empty());
}

// One channel of one position, the sum being `x`.
float Ended(float x, ConvolutionEnd end) {
  return Convolved(Shape(1, {1, 1}, {1, 1}, {1, 1}, {1, 1}), {x}, {1}, end)[0];
}

TEST(ConvolveEndTest, RectifiesBeforeAndAfterTheAddition) {
  const float addend = 3;
  EXPECT_EQ(Ended(-4, {nullptr, {nullptr, 0.5F}, {&addend}, {}}), 1);
  EXPECT_EQ(Ended(-4, {nullptr, {}, {&addend}, {nullptr, 0.5F}}), -0.5F);
  EXPECT_EQ(Ended(-10, {nullptr, {nullptr, 0.5F}, {&addend}, {nullptr, 8}}), -16);
  EXPECT_EQ(Ended(4, {nullptr, {nullptr, 0.5F}, {&addend}, {nullptr, 8}}), 7);
  EXPECT_EQ(Ended(-4, {nullptr, {nullptr, 0.5F}, {&addend, &addend}, {}}), 4);
}

TEST(ConvolveEndTest, ASlopeMayBeNegativeOrAboveOne) {
  EXPECT_EQ(Ended(-2, {nullptr, {nullptr, -0.5F}, {}, {}}), 1);
  EXPECT_EQ(Ended(-2, {nullptr, {nullptr, 3}, {}, {}}), -6);
}

TEST(ConvolveEndTest, OneSlopeOf0IsReluAlsoAtInfinity) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(Ended(-kInfinity, {nullptr, {nullptr, 0}, {}, {}}), 0);
  EXPECT_EQ(Ended(-kInfinity, {nullptr, {nullptr, 0.5F}, {}, {}}), -kInfinity);
  const float slope = 0;
  EXPECT_TRUE(std::isnan(Ended(-kInfinity, {nullptr, {&slope}, {}, {}})));
}

TEST(ConvolveEndTest, TheAddendMayBeTheResult) {
  const Convolution shape = Padded(Shape(2, {400, 21}, {5, 5}, {3, 3}, {5, 5}), 1, 1);
  const Operands operands(shape);
  const std::vector<float> apart = Convolved(shape, operands.x, operands.filters, operands.End());
  std::vector<float> packed(static_cast<size_t>(PackedFilterSize(shape)));
  PackFilters(shape, packed.data(), operands.filters.data());
  std::vector<float> y = operands.addend;
  ConvolutionEnd end = operands.End();
  end.addends[0] = y.data();
  Convolve(shape, y.data(), operands.x.data(), packed.data(), end, kCacheBytes);
  EXPECT_TRUE(SameBits(y, apart));
}

// A panel of 32, and half of one.
TEST(PackFiltersTest, FillsTheLastPanelWithZeros) {
  const Convolution shape = Shape(1, {1, 33}, {1, 2}, {1, 2}, {1, 1});
  std::vector<float> filters;
  for (int i = 0; i < 66; ++i) filters.push_back(static_cast<float>(i));
  std::vector<float> packed(static_cast<size_t>(PackedFilterSize(shape)), -1);
  ASSERT_EQ(packed.size(), 96U);
  PackFilters(shape, packed.data(), filters.data());
  const auto part = [&](size_t begin, size_t end) {
    return std::vector<float>(packed.begin() + static_cast<int64_t>(begin),
                              packed.begin() + static_cast<int64_t>(end));
  };
  EXPECT_THAT(part(0, 3), ElementsAre(0, 2, 4));
  EXPECT_THAT(part(32, 35), ElementsAre(1, 3, 5));  // the second tap
  EXPECT_EQ(packed[64], 64);
  EXPECT_THAT(part(65, 80), Each(0));
  EXPECT_EQ(packed[80], 65);
  EXPECT_THAT(part(81, 96), Each(0));
}

}  // namespace
}  // namespace rectifier::kernels
