#include "server/app/tensor_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/support/status_testing.h"

namespace rectifier {
namespace {

std::string Split(const std::string& text) {
  const auto split = SplitAssignment(text);
  return split.ok() ? split->first + " <- " + split->second : StatusText(split);
}

TEST(SplitAssignmentTest, SplitsAtTheLastEqualsSign) {
  EXPECT_EQ(Split("image=a.npy"), "image <- a.npy");
  EXPECT_EQ(Split("serving:image=dir/a b.npy"), "serving:image <- dir/a b.npy");
  EXPECT_EQ(Split("a=b=c.npy"), "a=b <- c.npy");
}

TEST(SplitAssignmentTest, NeedsANameAndAValue) {
  for (const char* text : {"", "image", "=a.npy", "image=", "="}) {
    EXPECT_EQ(Split(text), fmt::format("INVALID_ARGUMENT: expected NAME=VALUE, got '{}'", text));
  }
}

std::string Parse(const std::string& text) {
  const auto shape = ParseShape(text);
  return shape.ok() ? shape->ToString() : StatusText(shape);
}

TEST(ParseShapeTest, ReadsDimensionsBetweenCrosses) {
  EXPECT_EQ(Parse("7"), "[7]");
  EXPECT_EQ(Parse("1x3x112x112"), "[1, 3, 112, 112]");
  EXPECT_EQ(Parse("1x2x3x4x5x6x7x8"), "[1, 2, 3, 4, 5, 6, 7, 8]");
}

TEST(ParseShapeTest, RefusesEverythingElse) {
  for (const char* text : {"", "x", "1x", "x1", "1xx2", "0", "1x0", "-1", "+1", "1 x 2", "1X2",
                           "1,2", "1.5", "a", "99999999999999999999", "1x1x1x1x1x1x1x1x1"}) {
    EXPECT_EQ(Parse(text),
              fmt::format("INVALID_ARGUMENT: expected a shape as 1x3x112x112, got '{}'", text));
  }
}

TEST(OutputFileNameTest, KeepsLettersDigitsDotsDashesAndUnderscores) {
  EXPECT_EQ(OutputFileName("Logits_0.a-b"), "Logits_0.a-b.npy");
}

TEST(OutputFileNameTest, NeverLeavesTheFolder) {
  EXPECT_EQ(OutputFileName("../secret"), ".._secret.npy");
  EXPECT_EQ(OutputFileName("/etc/passwd"), "_etc_passwd.npy");
  EXPECT_EQ(OutputFileName(".."), "...npy");
  EXPECT_EQ(OutputFileName("a\\b:c d\n"), "a_b_c_d_.npy");
  EXPECT_EQ(OutputFileName(std::string("a\0b", 3)), "a_b.npy");
}

TEST(BFloatsTest, AreTheirValuesAsFloatsAndRoundedBack) {
  const std::vector<float> values = {1, -2.5, 0.1F};
  const auto narrow = BFloatsOfFloats(Tensor::From<float>(Shape{3}, values));
  ASSERT_TRUE(narrow.ok());
  EXPECT_EQ(narrow->type(), (TensorType{DType::kBFloat16, Shape{3}}));
  const auto floats = FloatsOfBFloats(*narrow);
  ASSERT_TRUE(floats.ok());
  // 8 bits of fraction: 0.1 is 205 / 2048.
  EXPECT_THAT(floats->data<float>(), testing::ElementsAre(1, -2.5, 205.0F / 2048));
}

TEST(OutputFileNameTest, ReplacesEveryByteOfWhatIsNotAscii) {
  EXPECT_EQ(OutputFileName("é"), "__.npy");
}

}  // namespace
}  // namespace rectifier
