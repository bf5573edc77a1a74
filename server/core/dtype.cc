#include "server/core/dtype.h"

#include <array>

#include "server/core/check.h"

namespace rectifier {
namespace {

struct DTypeInfo {
  DType dtype;
  int64_t size;
  std::string_view name;
  std::string_view protocol_name;
};

constexpr std::array kInfos = {
    DTypeInfo{DType::kBool, 1, "bool", "BOOL"},     DTypeInfo{DType::kUInt8, 1, "u8", "UINT8"},
    DTypeInfo{DType::kUInt16, 2, "u16", "UINT16"},  DTypeInfo{DType::kUInt32, 4, "u32", "UINT32"},
    DTypeInfo{DType::kUInt64, 8, "u64", "UINT64"},  DTypeInfo{DType::kInt8, 1, "i8", "INT8"},
    DTypeInfo{DType::kInt16, 2, "i16", "INT16"},    DTypeInfo{DType::kInt32, 4, "i32", "INT32"},
    DTypeInfo{DType::kInt64, 8, "i64", "INT64"},    DTypeInfo{DType::kFloat16, 2, "f16", "FP16"},
    DTypeInfo{DType::kBFloat16, 2, "bf16", "BF16"}, DTypeInfo{DType::kFloat32, 4, "f32", "FP32"},
    DTypeInfo{DType::kFloat64, 8, "f64", "FP64"},
};

const DTypeInfo& Info(DType dtype) {
  for (const DTypeInfo& info : kInfos) {
    if (info.dtype == dtype) return info;
  }
  RECTIFIER_CHECK(false && "a DType without a row in kInfos");
}

}  // namespace

int64_t ElementSize(DType dtype) { return Info(dtype).size; }
std::string_view Name(DType dtype) { return Info(dtype).name; }
std::string_view ProtocolName(DType dtype) { return Info(dtype).protocol_name; }

std::optional<DType> ParseDType(std::string_view name) {
  for (const DTypeInfo& info : kInfos) {
    if (info.name == name) return info.dtype;
  }
  return std::nullopt;
}

std::optional<DType> ParseProtocolDType(std::string_view name) {
  for (const DTypeInfo& info : kInfos) {
    if (info.protocol_name == name) return info.dtype;
  }
  return std::nullopt;
}

}  // namespace rectifier
