#include "client/cpp/cli/png_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <span>

#include "tests/unit/client/png_writer.h"
#include "tests/unit/client/temporary_directory.h"

namespace rectifier::client::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::PngFile;
using ::testing::StartsWith;
using testing::WritePng;

absl::StatusOr<Image> Decode(const std::string& bytes) {
  return DecodePng("x.png", std::as_bytes(std::span(bytes)));
}

Image Decoded(const PngFile& file) {
  const auto image = Decode(WritePng(file));
  EXPECT_TRUE(image.ok()) << image.status();
  return image.value_or(Image{});
}

std::string Error(const std::string& bytes) {
  const auto image = Decode(bytes);
  EXPECT_EQ(image.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(image.status().message());
}

const PngFile kGray = {.width = 2, .height = 2, .rows = {{0, 51}, {102, 255}}};

TEST(PngReaderTest, GrayOf8Bits) {
  const Image image = Decoded(kGray);
  EXPECT_EQ(image.width, 2);
  EXPECT_EQ(image.height, 2);
  EXPECT_EQ(image.channels, 1);
  EXPECT_THAT(image.values, ElementsAre(0, 51, 102, 255));
}

TEST(PngReaderTest, GrayOf1To4BitsIsSpreadOver255) {
  EXPECT_THAT(Decoded({.width = 4, .height = 1, .bit_depth = 1, .rows = {{0b10100000}}}).values,
              ElementsAre(255, 0, 255, 0));
  EXPECT_THAT(Decoded({.width = 4, .height = 1, .bit_depth = 2, .rows = {{0b00011011}}}).values,
              ElementsAre(0, 85, 170, 255));
  EXPECT_THAT(Decoded({.width = 2, .height = 1, .bit_depth = 4, .rows = {{0x1f}}}).values,
              ElementsAre(17, 255));
}

TEST(PngReaderTest, GrayOf16BitsKeepsItsFractions) {
  const Image image = Decoded(
      {.width = 3, .height = 1, .bit_depth = 16, .rows = {{0x00, 0x00, 0x01, 0x02, 0xff, 0xff}}});
  EXPECT_THAT(image.values, ElementsAre(0, 0x102 / 257.0F, 255));
}

TEST(PngReaderTest, GrayWithAlpha) {
  const Image image = Decoded({.width = 2,
                               .height = 1,
                               .color_type = PNG_COLOR_TYPE_GRAY_ALPHA,
                               .rows = {{10, 255, 20, 0}}});
  EXPECT_EQ(image.channels, 2);
  EXPECT_THAT(image.values, ElementsAre(10, 255, 20, 0));
}

TEST(PngReaderTest, Colour) {
  const Image image = Decoded(
      {.width = 2, .height = 1, .color_type = PNG_COLOR_TYPE_RGB, .rows = {{1, 2, 3, 4, 5, 6}}});
  EXPECT_EQ(image.channels, 3);
  EXPECT_THAT(image.values, ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(PngReaderTest, ColourWithAlpha) {
  const Image image = Decoded(
      {.width = 1, .height = 1, .color_type = PNG_COLOR_TYPE_RGB_ALPHA, .rows = {{1, 2, 3, 4}}});
  EXPECT_EQ(image.channels, 4);
  EXPECT_THAT(image.values, ElementsAre(1, 2, 3, 4));
}

TEST(PngReaderTest, ColourWithAlphaOf16Bits) {
  const Image image = Decoded({.width = 1,
                               .height = 1,
                               .color_type = PNG_COLOR_TYPE_RGB_ALPHA,
                               .bit_depth = 16,
                               .rows = {{0, 0, 1, 1, 2, 2, 255, 255}}});
  EXPECT_THAT(image.values, ElementsAre(0, 1, 2, 255));
}

TEST(PngReaderTest, APaletteBecomesColourAndItsTransparencyAlpha) {
  PngFile file = {.width = 4,
                  .height = 1,
                  .color_type = PNG_COLOR_TYPE_PALETTE,
                  .bit_depth = 2,
                  .rows = {{0b00011000}},
                  .palette = {{9, 8, 7}, {6, 5, 4}, {3, 2, 1}}};
  EXPECT_THAT(Decoded(file).values, ElementsAre(9, 8, 7, 6, 5, 4, 3, 2, 1, 9, 8, 7));
  file.palette_alpha = {128};
  const Image image = Decoded(file);
  EXPECT_EQ(image.channels, 4);
  EXPECT_THAT(image.values, ElementsAre(9, 8, 7, 128, 6, 5, 4, 255, 3, 2, 1, 255, 9, 8, 7, 128));
}

TEST(PngReaderTest, InterlacedFilesGiveTheSamePicture) {
  PngFile file = {.width = 9, .height = 9};
  for (int y = 0; y < 9; ++y) {
    file.rows.emplace_back();
    for (int x = 0; x < 9; ++x) file.rows.back().push_back(static_cast<unsigned char>(y * 9 + x));
  }
  const Image straight = Decoded(file);
  file.interlaced = true;
  EXPECT_EQ(Decoded(file).values, straight.values);
}

TEST(PngReaderTest, OtherFilesAreNotPng) {
  EXPECT_EQ(Error(""), "x.png: not a PNG file");
  EXPECT_EQ(Error("GIF89a, a picture of another kind"), "x.png: not a PNG file");
}

TEST(PngReaderTest, AFileCutShortAnywhereIsAnError) {
  const std::string bytes = WritePng(kGray);
  for (size_t length = 8; length < bytes.size(); ++length) {
    EXPECT_THAT(Error(bytes.substr(0, length)), StartsWith("x.png: damaged PNG: ")) << length;
  }
}

TEST(PngReaderTest, AFlippedBitAnywhereIsAnError) {
  const std::string bytes = WritePng(kGray);
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    EXPECT_THAT(Error(damaged), StartsWith("x.png: ")) << at;
  }
}

TEST(PngReaderTest, AnOversizedPictureIsRefusedByItsHeader) {
  // The header claims more pixels than there is memory; there are none behind it.
  const auto claiming = [](png_uint_32 width, png_uint_32 height) {
    std::string bytes = WritePng(kGray);
    constexpr size_t kHeader = 12;  // "IHDR", then width and height
    png_save_uint_32(reinterpret_cast<png_bytep>(&bytes[kHeader + 4]), width);
    png_save_uint_32(reinterpret_cast<png_bytep>(&bytes[kHeader + 8]), height);
    uint32_t crc = 0xffffffff;
    for (size_t i = kHeader; i < kHeader + 17; ++i) {
      crc ^= static_cast<unsigned char>(bytes[i]);
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0xedb88320U & (0U - (crc & 1)));
    }
    png_save_uint_32(reinterpret_cast<png_bytep>(&bytes[kHeader + 17]), ~crc);
    return bytes;
  };
  EXPECT_THAT(Error(claiming(2'000'000'000, 1)), HasSubstr("2000000000x1 is more than"));
  EXPECT_EQ(Error(claiming(16'000, 16'000)),
            "x.png: 16000x16000 is more than the 16777216 pixels that are read");
}

TEST(PngReaderTest, FilesAreReadFromDisk) {
  const testing::TemporaryDirectory directory;
  const auto image = ReadPng(directory.Write("a.png", WritePng(kGray)));
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->values.size(), 4U);
}

TEST(PngReaderTest, AMissingFileAndADirectoryAreNamed) {
  const testing::TemporaryDirectory directory;
  const auto missing = ReadPng(directory.path() / "none.png");
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.status().message()), HasSubstr("none.png: cannot be read"));
  EXPECT_EQ(ReadPng(directory.path()).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace rectifier::client::cli
