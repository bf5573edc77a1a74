#include "server/ops/window.h"

#include <gtest/gtest.h>

#include <random>

#include "server/core/status.h"

namespace rectifier {
namespace {

struct Line {  // one spatial dimension
  int64_t input, kernel, stride, dilation, pad_begin, pad_end;
  int64_t extent() const { return (kernel - 1) * dilation + 1; }
};

// Windows counted one by one. A window belongs to the result when its last tap is inside the padded
// input; with `ceil_mode` also when it hangs over by less than a stride and begins before the input
// ends.
int64_t CountWindows(const Line& line, bool ceil_mode) {
  int64_t count = 0;
  const int64_t end = line.input + line.pad_end;
  for (int64_t begin = -line.pad_begin; begin < end; begin += line.stride) {
    const int64_t over = begin + line.extent() - end;
    if (over <= 0 || (ceil_mode && over < line.stride && begin < line.input)) ++count;
  }
  return count;
}

// Numbers in [from, to] that are the same everywhere: the standard's distributions are not.
class Dice {
 public:
  explicit Dice(uint32_t seed) : engine_(seed) {}
  int64_t operator()(int64_t from, int64_t to) {
    return from + static_cast<int64_t>(engine_() % static_cast<uint64_t>(to - from + 1));
  }

 private:
  std::mt19937 engine_;
};

std::string Describe(const std::vector<Line>& lines, const std::string& auto_pad, bool ceil_mode) {
  std::string text = auto_pad + (ceil_mode ? ", ceil_mode" : "");
  for (const Line& line : lines) {
    text += fmt::format("; input {}, kernel {}, stride {}, dilation {}, pads {} + {}", line.input,
                        line.kernel, line.stride, line.dilation, line.pad_begin, line.pad_end);
  }
  return text;
}

std::vector<Line> RandomLines(Dice& dice) {
  std::vector<Line> lines(static_cast<size_t>(dice(1, 3)));
  for (Line& line : lines) {
    line = {dice(1, 12), dice(1, 4), dice(1, 5), dice(1, 3), dice(0, 4), dice(0, 4)};
  }
  return lines;
}

absl::StatusOr<Window> Slide(const std::vector<Line>& lines, const std::string& auto_pad,
                             bool ceil_mode) {
  WindowAttributes attributes;
  attributes.auto_pad = auto_pad;
  attributes.ceil_mode = ceil_mode;
  std::vector<int64_t> kernel;
  std::vector<int64_t> input;
  for (const Line& line : lines) {
    kernel.push_back(line.kernel);
    input.push_back(line.input);
    attributes.strides.push_back(line.stride);
    attributes.dilations.push_back(line.dilation);
    attributes.pads.push_back(line.pad_begin);
  }
  for (const Line& line : lines) attributes.pads.push_back(line.pad_end);
  return SlideWindow("w", attributes, kernel, input);
}

// Expects the windows of `lines`, whose paddings are those that the result should have.
void ExpectWindows(const absl::StatusOr<Window>& window, const std::vector<Line>& lines,
                   bool ceil_mode) {
  for (const Line& line : lines) {
    if (CountWindows(line, ceil_mode) > 0) continue;
    EXPECT_EQ(Message(window.status()),
              fmt::format("w: a window of {} does not fit into {} with padding {} + {}",
                          line.extent(), line.input, line.pad_begin, line.pad_end));
    return;
  }
  ASSERT_TRUE(window.ok()) << Message(window.status());
  for (size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(window->output[i], CountWindows(lines[i], ceil_mode));
    EXPECT_EQ(window->pads_begin[i], lines[i].pad_begin);
    EXPECT_EQ(window->pads_end[i], lines[i].pad_end);
    EXPECT_EQ(window->kernel[i], lines[i].kernel);
    EXPECT_EQ(window->strides[i], lines[i].stride);
    EXPECT_EQ(window->dilations[i], lines[i].dilation);
  }
}

TEST(WindowTest, OutputsAreTheWindowsCountedOneByOne) {
  Dice dice(1);
  for (int i = 0; i < 4000; ++i) {
    const std::vector<Line> lines = RandomLines(dice);
    const bool ceil_mode = dice(0, 1) == 1;
    SCOPED_TRACE(Describe(lines, "NOTSET", ceil_mode));
    ExpectWindows(Slide(lines, "NOTSET", ceil_mode), lines, ceil_mode);
  }
}

TEST(WindowTest, ValidIsNoPaddingWhateverThePadsSay) {
  Dice dice(2);
  for (int i = 0; i < 1000; ++i) {
    std::vector<Line> lines = RandomLines(dice);
    const auto window = Slide(lines, "VALID", false);
    for (Line& line : lines) line.pad_begin = line.pad_end = 0;
    SCOPED_TRACE(Describe(lines, "VALID", false));
    ExpectWindows(window, lines, false);
  }
}

// The least padding with which one window begins at every stride of the input; the odd one goes to
// the end (SAME_UPPER) or to the beginning (SAME_LOWER).
TEST(WindowTest, SameIsTheLeastPaddingForAWindowAtEveryStride) {
  Dice dice(3);
  for (int i = 0; i < 2000; ++i) {
    std::vector<Line> lines = RandomLines(dice);
    const bool upper = dice(0, 1) == 1;
    const bool ceil_mode = dice(0, 1) == 1;
    const std::string auto_pad = upper ? "SAME_UPPER" : "SAME_LOWER";
    const auto window = Slide(lines, auto_pad, ceil_mode);
    for (Line& line : lines) {
      int64_t strides = 0;
      for (int64_t at = 0; at < line.input; at += line.stride) ++strides;
      line.pad_begin = line.pad_end = 0;
      while (CountWindows(line, false) < strides) {
        const bool at_end = (line.pad_begin == line.pad_end) == upper;
        ++(at_end ? line.pad_end : line.pad_begin);
      }
    }
    SCOPED_TRACE(Describe(lines, auto_pad, ceil_mode));
    ExpectWindows(window, lines, ceil_mode);
    ExpectWindows(window, lines, false);  // ceil_mode has nothing left to round
  }
}

TEST(WindowTest, DefaultsAreStrideAndDilation1AndNoPadding) {
  const auto window = SlideWindow("w", {}, std::vector<int64_t>{3, 2}, std::vector<int64_t>{7, 8});
  ASSERT_TRUE(window.ok()) << Message(window.status());
  EXPECT_EQ(window->strides, (std::vector<int64_t>{1, 1}));
  EXPECT_EQ(window->dilations, (std::vector<int64_t>{1, 1}));
  EXPECT_EQ(window->pads_begin, (std::vector<int64_t>{0, 0}));
  EXPECT_EQ(window->pads_end, (std::vector<int64_t>{0, 0}));
  EXPECT_EQ(window->output, (std::vector<int64_t>{5, 7}));
}

TEST(WindowTest, ADynamicDimensionGivesADynamicOneAndKeepsItsPads) {
  WindowAttributes attributes;
  attributes.pads = {1, 2, 3, 4};
  const auto window = SlideWindow("w", attributes, std::vector<int64_t>{3, 3},
                                  std::vector<int64_t>{kDynamicDim, 8});
  ASSERT_TRUE(window.ok()) << Message(window.status());
  EXPECT_EQ(window->output, (std::vector<int64_t>{kDynamicDim, 12}));
  EXPECT_EQ(window->pads_begin, (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(window->pads_end, (std::vector<int64_t>{3, 4}));
}

TEST(WindowTest, TheLargestValuesDoNotOverflow) {
  constexpr int64_t kMost = int64_t{1} << 24;
  WindowAttributes attributes;
  attributes.dilations = {kMost};
  attributes.pads = {kMost, kMost};
  const std::vector<int64_t> input = {int64_t{1} << 40};
  const auto window = SlideWindow("w", attributes, std::vector<int64_t>{kMost}, input);
  // (2^24 − 1) · 2^24 + 1 taps wide: more than 2^40 + 2 · 2^24.
  EXPECT_EQ(Message(window.status()),
            "w: a window of 281474959933441 does not fit into 1099511627776 with padding "
            "16777216 + 16777216");
}

TEST(WindowTest, SpatialDimsAreThoseAfterBatchAndChannels) {
  const Shape shape{2, 3, 4, kDynamicDim};
  const auto dims = SpatialDims(shape);
  EXPECT_EQ(std::vector<int64_t>(dims.begin(), dims.end()), (std::vector<int64_t>{4, kDynamicDim}));
}

TEST(WindowTest, AnEmptyListIsFilledWithItsDefault) {
  const auto list = CheckedList("w", "pads", {}, 3, 7, 0);
  ASSERT_TRUE(list.ok());
  EXPECT_EQ(*list, (std::vector<int64_t>{7, 7, 7}));
}

TEST(WindowTest, AListHasItsLengthAndItsValuesTheirRange) {
  EXPECT_TRUE(CheckedList("w", "pads", {0, 16777216}, 2, 0, 0).ok());
  EXPECT_EQ(Message(CheckedList("w", "pads", {0, 1}, 3, 0, 0).status()),
            "w: attribute pads: expected 3 values, got 2");
  EXPECT_EQ(Message(CheckedList("w", "strides", {1, 0}, 2, 1, 1).status()),
            "w: attribute strides: expected values in [1, 16777216], got 0");
  EXPECT_EQ(Message(CheckedList("w", "pads", {16777217}, 1, 0, 0).status()),
            "w: attribute pads: expected values in [0, 16777216], got 16777217");
}

}  // namespace
}  // namespace rectifier
