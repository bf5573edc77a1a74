#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace rectifier::client {

// The protocol's name of a C++ element type. FP16, BF16 and BOOL have no C++ type here: fill
// Tensor::bytes (BOOL is one byte an element).
template <typename T>
inline constexpr const char* kDatatypeOf = T::unsupported_element_type;
template <>
inline constexpr const char* kDatatypeOf<uint8_t> = "UINT8";
template <>
inline constexpr const char* kDatatypeOf<uint16_t> = "UINT16";
template <>
inline constexpr const char* kDatatypeOf<uint32_t> = "UINT32";
template <>
inline constexpr const char* kDatatypeOf<uint64_t> = "UINT64";
template <>
inline constexpr const char* kDatatypeOf<int8_t> = "INT8";
template <>
inline constexpr const char* kDatatypeOf<int16_t> = "INT16";
template <>
inline constexpr const char* kDatatypeOf<int32_t> = "INT32";
template <>
inline constexpr const char* kDatatypeOf<int64_t> = "INT64";
template <>
inline constexpr const char* kDatatypeOf<float> = "FP32";
template <>
inline constexpr const char* kDatatypeOf<double> = "FP64";

// Bytes of one element of a protocol datatype ("FP32" → 4); nullopt for an unknown name and for
// BYTES, whose elements differ in length.
std::optional<size_t> ElementSize(std::string_view datatype);

// A named tensor as it travels: row-major, little-endian elements.
struct Tensor {
  std::string name;
  std::string datatype;  // "FP32", "INT64", …
  std::vector<int64_t> shape;
  // A string, because that is what Protobuf sends: a tensor that is moved into a request is not
  // copied on its way to the wire.
  std::string bytes;

  template <typename T>
  static Tensor From(std::string name, std::vector<int64_t> shape, std::span<const T> values) {
    Tensor tensor{std::move(name), kDatatypeOf<T>, std::move(shape), {}};
    tensor.bytes.assign(reinterpret_cast<const char*>(values.data()), values.size_bytes());
    return tensor;
  }

  // A copy of the elements. INVALID_ARGUMENT when T is not the datatype's C++ type, or the bytes
  // are not those of the shape.
  template <typename T>
  absl::StatusOr<std::vector<T>> Values() const {
    absl::Status status = CheckDatatype(kDatatypeOf<T>);
    if (status.ok()) status = Check();
    if (!status.ok()) return status;
    std::vector<T> values(bytes.size() / sizeof(T));
    if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }

  // INVALID_ARGUMENT unless the datatype is known, no dimension is negative and `bytes` is as long
  // as shape and datatype say. (BYTES: only the dimensions are looked at.)
  absl::Status Check() const;

  // INVALID_ARGUMENT unless the datatype is `expected`.
  absl::Status CheckDatatype(std::string_view expected) const;
};

// "FP32 [1,10]"
std::string TypeName(std::string_view datatype, std::span<const int64_t> shape);

}  // namespace rectifier::client
