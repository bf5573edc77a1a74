#include "client/cpp/cli/labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "client/cpp/cli/files.h"
#include "server/core/npy.h"
#include "tests/unit/client/temporary_directory.h"

namespace rectifier::client::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(LabelInNameTest, TheNumberAfterLabelCounts) {
  EXPECT_EQ(LabelInName("digits/0007_label3.png"), 3);
  EXPECT_EQ(LabelInName("label12-x.png"), 12);
  EXPECT_EQ(LabelInName("label1_label2.png"), 2);
}

TEST(LabelInNameTest, OtherNamesHaveNone) {
  EXPECT_EQ(LabelInName("label3/x.png"), std::nullopt);
  EXPECT_EQ(LabelInName("0007.png"), std::nullopt);
  EXPECT_EQ(LabelInName("label.png"), std::nullopt);
  EXPECT_EQ(LabelInName("label99999999999999999999.png"), std::nullopt);
}

template <typename T>
std::filesystem::path WriteArray(const testing::TemporaryDirectory& directory, const Shape& shape,
                                 std::span<const T> values) {
  const std::filesystem::path path = directory.path() / "labels.npy";
  EXPECT_TRUE(WriteNpy(path, rectifier::Tensor::From<T>(shape, values).view()).ok());
  return path;
}

TEST(ReadLabelsTest, ReadsAsManyAsThereArePictures) {
  const testing::TemporaryDirectory directory;
  const auto path = WriteArray<int64_t>(directory, {3}, std::array<int64_t, 3>{7, 6, 3});
  const auto labels = ReadLabels(path, 3);
  ASSERT_TRUE(labels.ok()) << labels.status();
  EXPECT_THAT(*labels, ElementsAre(7, 6, 3));
  EXPECT_THAT(std::string(ReadLabels(path, 4).status().message()),
              HasSubstr("3 labels for 4 pictures"));
}

TEST(ReadLabelsTest, OtherArraysAreRefused) {
  const testing::TemporaryDirectory directory;
  const auto path = WriteArray<float>(directory, {1}, std::array{1.0F});
  EXPECT_THAT(std::string(ReadLabels(path, 1).status().message()),
              HasSubstr("expected labels, i64 [N], got f32 [1]"));
}

TEST(FileNameForTest, UnsafeCharactersBecomeUnderscores) {
  EXPECT_EQ(FileNameFor("logits-1.0_a"), "logits-1.0_a");
  EXPECT_EQ(FileNameFor("../a:0\n"), ".._a_0_");
}

TEST(ReadFileTest, LargerFilesThanAllowedAreRefused) {
  const testing::TemporaryDirectory directory;
  const auto path = directory.Write("f", "12345");
  EXPECT_EQ(*ReadFile(path, 5), "12345");
  EXPECT_EQ(ReadFile(path, 4).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace rectifier::client::cli
