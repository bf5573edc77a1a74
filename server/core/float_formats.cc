#include "server/core/float_formats.h"

#include <bit>
#include <cmath>
#include <limits>

namespace rectifier {

float FloatFromHalf(uint16_t bits) {
  const float sign = (bits & 0x8000U) != 0 ? -1.0F : 1.0F;
  const int exponent = (bits >> 10) & 0x1f;
  const auto fraction = static_cast<float>(bits & 0x3ffU);
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  if (exponent == 31) {
    return fraction == 0 ? sign * std::numeric_limits<float>::infinity()
                         : std::numeric_limits<float>::quiet_NaN();
  }
  return sign * std::ldexp(1024.0F + fraction, exponent - 25);
}

float FloatFromBFloat(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }

uint16_t HalfFromFloat(float value) {
  const auto sign = static_cast<uint16_t>(std::signbit(value) ? 0x8000U : 0);
  const float size = std::abs(value);
  if (std::isnan(value)) return sign | 0x7e00U;
  // 65520 is half way from the largest number, 65504, to the next that there would be.
  if (size >= 65520.0F) return sign | 0x7c00U;
  if (size < std::ldexp(1.0F, -14)) {
    // The result is a multiple of 2^-24; rounding up to 1024 of them gives the smallest normal one.
    return sign | static_cast<uint16_t>(std::nearbyint(std::ldexp(size, 24)));
  }
  int exponent = 0;
  const float fraction = std::frexp(size, &exponent);  // in [0.5, 1)
  // 11 significant bits; those of 2048 carry into the exponent.
  const auto significand = static_cast<uint32_t>(std::nearbyint(std::ldexp(fraction, 11)));
  return sign | static_cast<uint16_t>(((exponent + 13) << 10) + static_cast<int>(significand));
}

uint16_t BFloatFromFloat(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  if (std::isnan(value)) return static_cast<uint16_t>((bits >> 16) | 0x40U);
  const uint32_t half = 0x7fffU + ((bits >> 16) & 1U);
  return static_cast<uint16_t>((bits + half) >> 16);
}

}  // namespace rectifier
