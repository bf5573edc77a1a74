#include "server/import/keras/dtype_policy.h"

#include <array>
#include <utility>

#include "server/core/printable.h"
#include "server/core/status.h"

namespace rectifier {
namespace {

constexpr std::array<std::pair<std::string_view, DType>, 13> kNames = {{
    {"bfloat16", DType::kBFloat16},
    {"bool", DType::kBool},
    {"float16", DType::kFloat16},
    {"float32", DType::kFloat32},
    {"float64", DType::kFloat64},
    {"int16", DType::kInt16},
    {"int32", DType::kInt32},
    {"int64", DType::kInt64},
    {"int8", DType::kInt8},
    {"uint16", DType::kUInt16},
    {"uint32", DType::kUInt32},
    {"uint64", DType::kUInt64},
    {"uint8", DType::kUInt8},
}};

}  // namespace

std::optional<DType> DTypeOfKeras(std::string_view name) {
  for (const auto& [known, dtype] : kNames) {
    if (known == name) return dtype;
  }
  return std::nullopt;
}

absl::StatusOr<DType> ComputedType(const std::string& place, const Json& config) {
  const Json* dtype = FindMember(config, "dtype");
  if (dtype == nullptr) return DType::kFloat32;
  // {"class_name": "DTypePolicy", "config": {"name": "mixed_float16"}}
  if (const Json* inner = FindMember(*dtype, "config")) {
    if (const Json* mode = FindMember(*inner, "mode"); mode != nullptr && mode->is_string()) {
      return Unimplemented(place, "dtype: quantized layers ({}) are not supported",
                           Printable(mode->get<std::string>()));
    }
    dtype = FindMember(*inner, "name");
    if (dtype == nullptr) return DType::kFloat32;
  }
  std::string name = dtype->is_string() ? dtype->get<std::string>() : "";
  if (name.find("_from_") != std::string::npos) {
    return Unimplemented(place, "dtype: quantized layers ({}) are not supported", Printable(name));
  }
  if (name.starts_with("mixed_")) name = name.substr(6);
  if (const auto known = DTypeOfKeras(name)) return *known;
  return Unimplemented(place, "dtype: {} is not supported",
                       dtype->is_string() ? Printable(name) : KindOf(*dtype));
}

}  // namespace rectifier
