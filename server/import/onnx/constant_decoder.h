#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/core/tensor.h"
#include "server/import/limits.h"
#include "server/import/onnx/external_data.h"
#include "server/import/onnx/proto_fwd.h"

namespace rectifier {

// Makes tensors of an ONNX file's TensorProtos: floating-point types become f32, i64, i32,
// i8, u8 and bool stay. Sizes are checked against the bytes that are there before anything is
// allocated, and all tensors together against the limits.
class ConstantDecoder {
 public:
  // Both outlive it.
  ConstantDecoder(const ImportLimits& limits, const ExternalData& external)
      : limits_(limits), external_(external) {}

  // Errors begin with `place`. INVALID_ARGUMENT for wrong dimensions or sizes, for NaN and for
  // numbers that f32 cannot hold; UNIMPLEMENTED for other types; RESOURCE_EXHAUSTED above the
  // limits; ExternalData's for data in other files.
  absl::StatusOr<std::shared_ptr<const Tensor>> Decode(std::string_view place,
                                                       const onnx::TensorProto& proto);

 private:
  const ImportLimits& limits_;
  const ExternalData& external_;
  int64_t bytes_ = 0;  // of all tensors so far
};

// The element type of ONNX's TensorProto.DataType, nullopt for those that DType has not.
std::optional<DType> ElementTypeOf(int onnx_type);

// The same by ONNX's name for the type: "FLOAT16".
std::optional<DType> ElementTypeNamed(std::string_view name);

// "FLOAT16": ONNX's own name, or the number.
std::string ElementTypeName(int onnx_type);

}  // namespace rectifier
