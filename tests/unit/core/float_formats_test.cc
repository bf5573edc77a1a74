#include "server/core/float_formats.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

namespace rectifier {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr int kAll = 1 << 16;

// A format of 16 bits.
struct Format {
  const char* name;
  float (*to_float)(uint16_t bits);
  uint16_t (*from_float)(float value);
};

class FloatFormatsTest : public ::testing::TestWithParam<Format> {};

TEST_P(FloatFormatsTest, EveryNumberComesBack) {
  for (int bits = 0; bits < kAll; ++bits) {
    const float value = GetParam().to_float(static_cast<uint16_t>(bits));
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(GetParam().to_float(GetParam().from_float(value)))) << bits;
    } else {
      EXPECT_EQ(GetParam().from_float(value), bits) << value;
    }
  }
}

TEST_P(FloatFormatsTest, WhatLiesBetweenTwoNumbersGoesToTheNearerAndHalvesToTheEven) {
  const uint16_t infinity = GetParam().from_float(kInf);
  for (uint16_t bits = 0; bits + 1 < infinity; ++bits) {
    const auto next = static_cast<uint16_t>(bits + 1);
    const float low = GetParam().to_float(bits);
    const float high = GetParam().to_float(next);
    ASSERT_LT(low, high);
    // Exact: both have far fewer bits than a float, or differ by one of its smallest steps.
    const float half = low + (high - low) / 2;
    if (half == low || half == high) continue;
    const uint16_t even = bits % 2 == 0 ? bits : next;
    ASSERT_EQ(GetParam().from_float(half), even) << half;
    ASSERT_EQ(GetParam().from_float(std::nextafter(half, low)), bits) << half;
    ASSERT_EQ(GetParam().from_float(std::nextafter(half, high)), next) << half;
    ASSERT_EQ(GetParam().from_float(-half), even | 0x8000U) << half;
  }
}

TEST_P(FloatFormatsTest, WhatIsTooLargeBecomesAnInfinity) {
  const uint16_t infinity = GetParam().from_float(kInf);
  const float largest = GetParam().to_float(static_cast<uint16_t>(infinity - 1));
  const float before = GetParam().to_float(static_cast<uint16_t>(infinity - 2));
  const float half = largest + (largest - before) / 2;
  EXPECT_EQ(GetParam().to_float(infinity), kInf);
  EXPECT_EQ(GetParam().from_float(std::nextafter(half, 0.0F)), infinity - 1);
  EXPECT_EQ(GetParam().from_float(half), infinity);
  EXPECT_EQ(GetParam().from_float(std::numeric_limits<float>::max()), infinity);
  EXPECT_EQ(GetParam().from_float(-kInf), infinity | 0x8000U);
}

TEST_P(FloatFormatsTest, NanStaysNanWhateverItsBits) {
  for (const uint32_t bits : {0x7f800001U, 0x7fc00000U, 0x7fffffffU, 0xff800001U, 0xffc00000U}) {
    const auto value = std::bit_cast<float>(bits);
    EXPECT_TRUE(std::isnan(GetParam().to_float(GetParam().from_float(value)))) << bits;
  }
  EXPECT_TRUE(std::isnan(GetParam().to_float(GetParam().from_float(-kNan))));
}

TEST_P(FloatFormatsTest, ZeroKeepsItsSign) {
  EXPECT_EQ(GetParam().from_float(0.0F), 0);
  EXPECT_EQ(GetParam().from_float(-0.0F), 0x8000);
  EXPECT_TRUE(std::signbit(GetParam().to_float(0x8000)));
}

INSTANTIATE_TEST_SUITE_P(All, FloatFormatsTest,
                         ::testing::Values(Format{"Half", FloatFromHalf, HalfFromFloat},
                                           Format{"BFloat", FloatFromBFloat, BFloatFromFloat}),
                         [](const auto& suite) { return std::string(suite.param.name); });

TEST(FloatFormatTest, KnowsHalves) {
  EXPECT_EQ(FloatFromHalf(0x3c00), 1.0F);
  EXPECT_EQ(FloatFromHalf(0xc000), -2.0F);
  EXPECT_EQ(FloatFromHalf(0x7bff), 65504.0F);
  EXPECT_EQ(FloatFromHalf(0x0400), 0x1p-14F);
  EXPECT_EQ(FloatFromHalf(0x0001), 0x1p-24F);
  EXPECT_EQ(FloatFromHalf(0x3555), 0.333251953125F);
  EXPECT_EQ(HalfFromFloat(65519.996F), 0x7bff);
  EXPECT_EQ(HalfFromFloat(65520.0F), 0x7c00);
  EXPECT_EQ(HalfFromFloat(0x1p-25F), 0x0000);
  EXPECT_EQ(HalfFromFloat(0x1.000002p-25F), 0x0001);
  EXPECT_EQ(HalfFromFloat(0x1.ffep-15F), 0x0400);
}

TEST(FloatFormatTest, KnowsBFloats) {
  EXPECT_EQ(FloatFromBFloat(0x3f80), 1.0F);
  EXPECT_EQ(FloatFromBFloat(0xc000), -2.0F);
  EXPECT_EQ(FloatFromBFloat(0x0001), 0x1p-133F);
  EXPECT_EQ(BFloatFromFloat(1.00390625F), 0x3f80);
  EXPECT_EQ(BFloatFromFloat(1.01171875F), 0x3f82);
}

}  // namespace
}  // namespace rectifier
