#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace rectifier {

enum class DType : uint8_t {
  kBool,
  kUInt8,
  kUInt16,
  kUInt32,
  kUInt64,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kFloat16,
  kBFloat16,
  kFloat32,
  kFloat64
};

// Bytes of one element.
int64_t ElementSize(DType dtype);

// The name in graph text: "f32", "i64", "bool", …
std::string_view Name(DType dtype);
std::optional<DType> ParseDType(std::string_view name);

// The name in the Open Inference Protocol: "FP32", "INT64", "BOOL", …
std::string_view ProtocolName(DType dtype);
std::optional<DType> ParseProtocolDType(std::string_view name);

// The DType of a C++ element type.
template <typename T>
inline constexpr DType kDTypeOf = T::unsupported_element_type;
template <>
inline constexpr DType kDTypeOf<bool> = DType::kBool;
template <>
inline constexpr DType kDTypeOf<uint8_t> = DType::kUInt8;
template <>
inline constexpr DType kDTypeOf<uint16_t> = DType::kUInt16;
template <>
inline constexpr DType kDTypeOf<uint32_t> = DType::kUInt32;
template <>
inline constexpr DType kDTypeOf<uint64_t> = DType::kUInt64;
template <>
inline constexpr DType kDTypeOf<int8_t> = DType::kInt8;
template <>
inline constexpr DType kDTypeOf<int16_t> = DType::kInt16;
template <>
inline constexpr DType kDTypeOf<int32_t> = DType::kInt32;
template <>
inline constexpr DType kDTypeOf<int64_t> = DType::kInt64;
template <>
inline constexpr DType kDTypeOf<float> = DType::kFloat32;
template <>
inline constexpr DType kDTypeOf<double> = DType::kFloat64;

}  // namespace rectifier
