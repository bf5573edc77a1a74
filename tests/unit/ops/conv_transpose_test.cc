#include "server/ops/conv_transpose.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "server/core/status.h"

namespace rectifier {
namespace {

absl::StatusOr<Window> WindowOver(const ConvTransposeAttributes& attributes, int64_t input,
                                  int64_t kernel) {
  return ConvTransposeWindow("t", attributes, Shape{1, 1, input}, Shape{1, 1, kernel});
}

// Every input element writes a kernel of taps, a stride apart.
int64_t LengthWritten(int64_t input, int64_t kernel, int64_t stride, int64_t dilation) {
  int64_t length = 0;
  for (int64_t at = 0; at < input; ++at) {
    for (int64_t tap = 0; tap < kernel; ++tap) {
      length = std::max(length, at * stride + tap * dilation + 1);
    }
  }
  return length;
}

TEST(ConvTransposeTest, TheOutputIsWhatIsWrittenLessThePads) {
  for (int64_t input = 1; input <= 5; ++input) {
    for (int64_t kernel = 1; kernel <= 3; ++kernel) {
      for (int64_t stride = 1; stride <= 4; ++stride) {
        for (int64_t dilation = 1; dilation <= 3; ++dilation) {
          for (int64_t begin = 0; begin <= 2; ++begin) {
            for (int64_t end = 0; end <= 2; ++end) {
              SCOPED_TRACE(fmt::format("input {}, kernel {}, stride {}, dilation {}, pads {} + {}",
                                       input, kernel, stride, dilation, begin, end));
              ConvTransposeAttributes attributes;
              attributes.window.strides = {stride};
              attributes.window.dilations = {dilation};
              attributes.window.pads = {begin, end};
              const int64_t written = LengthWritten(input, kernel, stride, dilation);
              const auto window = WindowOver(attributes, input, kernel);
              if (written <= begin + end) {
                EXPECT_EQ(Message(window.status()),
                          fmt::format("t: paddings {} + {} leave nothing of an output of {}", begin,
                                      end, written));
                continue;
              }
              ASSERT_TRUE(window.ok()) << Message(window.status());
              EXPECT_EQ(window->output[0], written - begin - end);
              EXPECT_EQ(window->pads_begin[0], begin);
              EXPECT_EQ(window->pads_end[0], end);
            }
          }
        }
      }
    }
  }
}

// Conv maps all lengths from one multiple of the stride to the next to the same; output_padding
// says which of them is meant.
TEST(ConvTransposeTest, ConvOverTheOutputGivesTheLengthOfTheInput) {
  for (int64_t input = 1; input <= 6; ++input) {
    for (int64_t kernel = 1; kernel <= 3; ++kernel) {
      for (int64_t stride = 1; stride <= 4; ++stride) {
        for (int64_t extra = 0; extra < stride; ++extra) {
          ConvTransposeAttributes attributes;
          attributes.window.strides = {stride};
          attributes.output_padding = {extra};
          const auto window = WindowOver(attributes, input, kernel);
          ASSERT_TRUE(window.ok()) << Message(window.status());
          const auto back = SlideWindow("c", attributes.window, window->kernel, window->output);
          ASSERT_TRUE(back.ok()) << Message(back.status());
          EXPECT_EQ(back->output[0], input)
              << "kernel " << kernel << ", stride " << stride << ", output_padding " << extra;
        }
      }
    }
  }
}

struct PaddingCase {
  std::string claim;
  std::string auto_pad;
  std::vector<int64_t> output_shape;
  int64_t extra;
  int64_t pad_begin, pad_end, output;
};

class PaddingTest : public testing::TestWithParam<PaddingCase> {};

// Input 4, kernel 3, stride 2: 9 elements are written.
TEST_P(PaddingTest, FollowsFromTheOutput) {
  const PaddingCase& test = GetParam();
  ConvTransposeAttributes attributes;
  attributes.window.strides = {2};
  attributes.window.auto_pad = test.auto_pad;
  attributes.output_shape = test.output_shape;
  if (test.extra > 0) attributes.output_padding = {test.extra};
  const auto window = WindowOver(attributes, 4, 3);
  ASSERT_TRUE(window.ok()) << Message(window.status());
  EXPECT_EQ(window->pads_begin[0], test.pad_begin);
  EXPECT_EQ(window->pads_end[0], test.pad_end);
  EXPECT_EQ(window->output[0], test.output);
}

INSTANTIATE_TEST_SUITE_P(
    ConvTransposeTest, PaddingTest,
    testing::Values(
        PaddingCase{"SameUpperCutsTheOddOneAtTheEnd", "SAME_UPPER", {}, 0, 0, 1, 8},
        PaddingCase{"SameLowerCutsTheOddOneAtTheBeginning", "SAME_LOWER", {}, 0, 1, 0, 8},
        PaddingCase{"SameCutsTheOutputPadding", "SAME_UPPER", {}, 1, 1, 1, 8},
        PaddingCase{"AnOutputShapeCutsTheOddOneAtTheBeginning", "NOTSET", {6}, 0, 2, 1, 6},
        PaddingCase{"AnOutputShapeGoesBeforeSame", "SAME_UPPER", {6}, 0, 1, 2, 6},
        PaddingCase{"AnOutputShapeOfAllThatIsWrittenCutsNothing", "NOTSET", {9}, 0, 0, 0, 9},
        PaddingCase{"ALargerOutputShapeGrowsAtTheEnd", "NOTSET", {12}, 0, 0, -3, 12},
        PaddingCase{"AnOutputShapeCutsTheOutputPadding", "NOTSET", {9}, 1, 1, 0, 9},
        PaddingCase{"ValidCutsNothing", "VALID", {}, 0, 0, 0, 9}),
    [](const auto& test) { return test.param.claim; });

TEST(ConvTransposeTest, ValidIsNoPaddingWhateverThePadsSay) {
  ConvTransposeAttributes attributes;
  attributes.window.pads = {1, 1};
  attributes.window.auto_pad = "VALID";
  const auto window = WindowOver(attributes, 4, 3);
  ASSERT_TRUE(window.ok()) << Message(window.status());
  EXPECT_EQ(window->output[0], 6);
}

TEST(ConvTransposeTest, SameWithAKernelBelowTheStrideGrowsAtTheEnd) {
  ConvTransposeAttributes attributes;
  attributes.window.strides = {3};
  attributes.window.auto_pad = "SAME_LOWER";
  const auto window = WindowOver(attributes, 4, 2);  // writes 11
  ASSERT_TRUE(window.ok()) << Message(window.status());
  EXPECT_EQ(window->output[0], 12);
  EXPECT_EQ(window->pads_begin[0], 0);
  EXPECT_EQ(window->pads_end[0], -1);
}

}  // namespace
}  // namespace rectifier
