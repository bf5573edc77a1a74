#pragma once

#include <cstdint>

namespace rectifier {

// IEEE 754 binary16 (1 sign, 5 exponent, 10 fraction bits) and bfloat16 (the upper half of a
// binary32), by their bits. To them numbers are rounded to the nearest, ties to even; NaN stays
// NaN, and what is too large becomes an infinity.
float FloatFromHalf(uint16_t bits);
float FloatFromBFloat(uint16_t bits);
uint16_t HalfFromFloat(float value);
uint16_t BFloatFromFloat(float value);

}  // namespace rectifier
