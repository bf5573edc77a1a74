#include "server/core/dtype.h"

#include <gtest/gtest.h>

#include <array>

namespace rectifier {
namespace {

constexpr std::array kAll = {DType::kBool,   DType::kUInt8,   DType::kUInt16,   DType::kUInt32,
                             DType::kUInt64, DType::kInt8,    DType::kInt16,    DType::kInt32,
                             DType::kInt64,  DType::kFloat16, DType::kBFloat16, DType::kFloat32,
                             DType::kFloat64};

TEST(DTypeTest, NamesReadBack) {
  for (const DType dtype : kAll) {
    EXPECT_EQ(ParseDType(Name(dtype)), dtype) << Name(dtype);
    EXPECT_EQ(ParseProtocolDType(ProtocolName(dtype)), dtype) << ProtocolName(dtype);
  }
}

TEST(DTypeTest, ProtocolNamesAreTheOpenInferenceProtocols) {
  EXPECT_EQ(ProtocolName(DType::kFloat32), "FP32");
  EXPECT_EQ(ProtocolName(DType::kFloat16), "FP16");
  EXPECT_EQ(ProtocolName(DType::kBFloat16), "BF16");
  EXPECT_EQ(ProtocolName(DType::kUInt8), "UINT8");
  EXPECT_EQ(ProtocolName(DType::kInt64), "INT64");
  EXPECT_EQ(ProtocolName(DType::kBool), "BOOL");
}

TEST(DTypeTest, NamesNobodyHasAreRefused) {
  for (const std::string_view name : {"", "F32", "fp32", "f32 ", "float", "FP32"}) {
    EXPECT_EQ(ParseDType(name), std::nullopt) << name;
  }
  for (const std::string_view name : {"", "f32", "fp32", "FP32\n", "BYTES"}) {
    EXPECT_EQ(ParseProtocolDType(name), std::nullopt) << name;
  }
}

TEST(DTypeTest, ElementSizesAreThoseOfTheCppTypes) {
  EXPECT_EQ(ElementSize(kDTypeOf<bool>), int64_t{sizeof(bool)});
  EXPECT_EQ(ElementSize(kDTypeOf<uint16_t>), int64_t{sizeof(uint16_t)});
  EXPECT_EQ(ElementSize(kDTypeOf<int32_t>), int64_t{sizeof(int32_t)});
  EXPECT_EQ(ElementSize(kDTypeOf<uint64_t>), int64_t{sizeof(uint64_t)});
  EXPECT_EQ(ElementSize(kDTypeOf<float>), int64_t{sizeof(float)});
  EXPECT_EQ(ElementSize(kDTypeOf<double>), int64_t{sizeof(double)});
  EXPECT_EQ(ElementSize(DType::kFloat16), 2);
  EXPECT_EQ(ElementSize(DType::kBFloat16), 2);
}

}  // namespace
}  // namespace rectifier
