#include "server/import/onnx/constant_decoder.h"

#include <onnx/onnx_pb.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <span>

#include "server/core/float_formats.h"
#include "server/core/printable.h"
#include "server/core/status.h"

namespace rectifier {
namespace {

using onnx::TensorProto;

// What an element of raw_data or of a typed field becomes; nullopt when it cannot.
template <typename T>
std::optional<T> Same(T value) {
  return value;
}
std::optional<float> FromDouble(double value) {
  if (std::isfinite(value) && std::abs(value) > std::numeric_limits<float>::max()) {
    return std::nullopt;
  }
  return static_cast<float>(value);
}
template <float (*kConvert)(uint16_t)>
std::optional<float> FromBits(int32_t bits) {
  if (bits < 0 || bits > 0xffff) return std::nullopt;
  return kConvert(static_cast<uint16_t>(bits));
}
template <typename T>
std::optional<T> Narrowed(int32_t value) {
  const T narrow = static_cast<T>(value);
  return narrow == value ? std::optional(narrow) : std::nullopt;
}
std::optional<bool> ToBool(int32_t value) {
  if (value != 0 && value != 1) return std::nullopt;
  return value != 0;
}

// Fills `tensor` from `count` elements, the i-th of which is element(i). Returns the index of the
// first that cannot be converted, or -1.
template <typename To, typename Element, typename Convert>
int64_t Fill(Tensor& tensor, Element element, Convert convert) {
  const std::span<To> data = tensor.data<To>();
  for (size_t i = 0; i < data.size(); ++i) {
    const std::optional<To> value = convert(element(i));
    if (!value) return static_cast<int64_t>(i);
    data[i] = *value;
  }
  return -1;
}

// `Raw` is the type of an element in raw_data, `kTyped` the repeated field that is used otherwise,
// and `kConvert` makes an element of the tensor from either's.
template <typename To, typename Raw, auto kTyped, auto kConvert>
int64_t FillFrom(const TensorProto& proto, Tensor& tensor) {
  const std::string& raw = proto.raw_data();
  if (!raw.empty()) {
    const auto from_raw = [&raw](size_t i) {
      Raw value;
      std::memcpy(&value, raw.data() + i * sizeof(Raw), sizeof(Raw));
      return value;
    };
    return Fill<To>(tensor, from_raw, kConvert);
  }
  const auto& typed = (proto.*kTyped)();
  const auto from_typed = [&typed](size_t i) { return typed[static_cast<int>(i)]; };
  return Fill<To>(tensor, from_typed, kConvert);
}

template <auto kTyped>
int64_t TypedSize(const TensorProto& proto) {
  return (proto.*kTyped)().size();
}

struct ElementType {
  int onnx_type;
  DType dtype;       // of the tensor
  int64_t raw_size;  // bytes of an element in raw_data
  int64_t (*typed_size)(const TensorProto& proto);
  int64_t (*fill)(const TensorProto& proto, Tensor& tensor);
};

using FloatField = const google::protobuf::RepeatedField<float>& (TensorProto::*)() const;
using DoubleField = const google::protobuf::RepeatedField<double>& (TensorProto::*)() const;
using Int32Field = const google::protobuf::RepeatedField<int32_t>& (TensorProto::*)() const;
using Int64Field = const google::protobuf::RepeatedField<int64_t>& (TensorProto::*)() const;
constexpr FloatField kFloats = &TensorProto::float_data;
constexpr DoubleField kDoubles = &TensorProto::double_data;
constexpr Int32Field kInt32s = &TensorProto::int32_data;
constexpr Int64Field kInt64s = &TensorProto::int64_data;

constexpr std::array kElementTypes = {
    ElementType{TensorProto::FLOAT, DType::kFloat32, 4, TypedSize<kFloats>,
                FillFrom<float, float, kFloats, Same<float>>},
    ElementType{TensorProto::DOUBLE, DType::kFloat32, 8, TypedSize<kDoubles>,
                FillFrom<float, double, kDoubles, FromDouble>},
    ElementType{TensorProto::FLOAT16, DType::kFloat32, 2, TypedSize<kInt32s>,
                FillFrom<float, uint16_t, kInt32s, FromBits<FloatFromHalf>>},
    ElementType{TensorProto::BFLOAT16, DType::kFloat32, 2, TypedSize<kInt32s>,
                FillFrom<float, uint16_t, kInt32s, FromBits<FloatFromBFloat>>},
    ElementType{TensorProto::INT64, DType::kInt64, 8, TypedSize<kInt64s>,
                FillFrom<int64_t, int64_t, kInt64s, Same<int64_t>>},
    ElementType{TensorProto::INT32, DType::kInt32, 4, TypedSize<kInt32s>,
                FillFrom<int32_t, int32_t, kInt32s, Same<int32_t>>},
    ElementType{TensorProto::INT8, DType::kInt8, 1, TypedSize<kInt32s>,
                FillFrom<int8_t, int8_t, kInt32s, Narrowed<int8_t>>},
    ElementType{TensorProto::UINT8, DType::kUInt8, 1, TypedSize<kInt32s>,
                FillFrom<uint8_t, uint8_t, kInt32s, Narrowed<uint8_t>>},
    ElementType{TensorProto::BOOL, DType::kBool, 1, TypedSize<kInt32s>,
                FillFrom<bool, uint8_t, kInt32s, ToBool>},
};

const ElementType* FindElementType(int onnx_type) {
  for (const ElementType& type : kElementTypes) {
    if (type.onnx_type == onnx_type) return &type;
  }
  return nullptr;
}

bool IsExternal(const TensorProto& proto) {
  return proto.data_location() == TensorProto::EXTERNAL || proto.external_data_size() > 0;
}

// Where a tensor's data is in another file.
struct ExternalSource {
  std::string location;
  int64_t offset = 0;
  std::optional<int64_t> length;
};

absl::StatusOr<ExternalSource> ReadExternalSource(std::string_view place,
                                                  const TensorProto& proto) {
  ExternalSource source;
  for (const auto& entry : proto.external_data()) {
    int64_t number = 0;
    const std::string& value = entry.value();
    const bool numeric = entry.key() == "offset" || entry.key() == "length";
    if (numeric) {
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
      if (error != std::errc() || end != value.data() + value.size() || number < 0) {
        return InvalidArgument(place, "external data: {} is no number: {}", entry.key(),
                               Printable(value));
      }
    }
    if (entry.key() == "location") source.location = value;
    if (entry.key() == "offset") source.offset = number;
    if (entry.key() == "length") source.length = number;
  }
  if (source.location.empty()) return InvalidArgument(place, "external data: has no location");
  return source;
}

absl::Status CheckSource(std::string_view place, const TensorProto& proto) {
  if (proto.has_segment()) return Unimplemented(place, "segments are not supported");
  return absl::OkStatus();
}

absl::StatusOr<Shape> ReadShape(std::string_view place, const TensorProto& proto, int max_rank) {
  if (proto.dims_size() > max_rank) {
    return InvalidArgument(place, "rank {}, at most {} is supported", proto.dims_size(), max_rank);
  }
  Shape shape;
  for (const int64_t dim : proto.dims()) {
    if (dim < 0) return InvalidArgument(place, "dimension {} is negative: {}", shape.rank(), dim);
    shape.push_back(dim);
  }
  return shape;
}

// The data has exactly as many elements as the shape.
absl::Status CheckDataSize(std::string_view place, const TensorProto& proto,
                           const ElementType& type, const Shape& shape, int64_t count) {
  const auto raw = static_cast<int64_t>(proto.raw_data().size());
  const int64_t typed = type.typed_size(proto);
  if (raw > 0 && typed > 0) {
    return InvalidArgument(place, "has its data twice, raw and as {} elements", typed);
  }
  int64_t bytes = 0;
  if (MultiplyOverflows(count, type.raw_size, &bytes)) {
    return InvalidArgument(place, "shape {} has more bytes than can be counted", shape.ToString());
  }
  if (typed > 0 && typed != count) {
    return InvalidArgument(place, "expected {} elements for shape {}, got {}", count,
                           shape.ToString(), typed);
  }
  if (typed == 0 && raw != bytes) {
    return InvalidArgument(place, "expected {} bytes of {} for shape {}, got {}", bytes,
                           ElementTypeName(proto.data_type()), shape.ToString(), raw);
  }
  return absl::OkStatus();
}

// A tensor that has the other file's bytes as its own.
absl::StatusOr<TensorProto> FetchExternal(std::string_view place, const TensorProto& proto,
                                          int64_t bytes, const ExternalData& external) {
  RECTIFIER_ASSIGN_OR_RETURN(const ExternalSource source, ReadExternalSource(place, proto));
  if (source.length && *source.length != bytes) {
    return InvalidArgument(place, "external data: expected {} bytes, got a length of {}", bytes,
                           *source.length);
  }
  TensorProto fetched;
  fetched.set_data_type(proto.data_type());
  fetched.mutable_raw_data()->resize(static_cast<size_t>(bytes));
  RECTIFIER_RETURN_IF_ERROR(
      external.Read(place, source.location, source.offset,
                    std::as_writable_bytes(std::span(*fetched.mutable_raw_data()))));
  return fetched;
}

absl::Status CheckNoNan(std::string_view place, const Tensor& tensor) {
  const std::span<const float> data = tensor.data<float>();
  for (size_t i = 0; i < data.size(); ++i) {
    if (std::isnan(data[i])) return InvalidArgument(place, "element {} is NaN", i);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Tensor>> ConstantDecoder::Decode(
    std::string_view place, const onnx::TensorProto& proto) {
  RECTIFIER_RETURN_IF_ERROR(CheckSource(place, proto));
  const ElementType* type = FindElementType(proto.data_type());
  if (type == nullptr) {
    return Unimplemented(place, "the element type {} is not supported",
                         ElementTypeName(proto.data_type()));
  }
  RECTIFIER_ASSIGN_OR_RETURN(const Shape shape, ReadShape(place, proto, limits_.max_rank));
  const absl::StatusOr<int64_t> count = shape.CheckedElementCount();
  if (!count.ok()) return At(place, count.status());
  const bool is_external = IsExternal(proto);
  if (!is_external) {
    RECTIFIER_RETURN_IF_ERROR(CheckDataSize(place, proto, *type, shape, *count));
  }
  const absl::StatusOr<int64_t> bytes = CheckedByteSize({type->dtype, shape});
  if (!bytes.ok()) return At(place, bytes.status());
  if (*bytes > limits_.max_constant_bytes - bytes_) {
    return ResourceExhausted(place, "the constants have more than {} bytes together",
                             limits_.max_constant_bytes);
  }
  bytes_ += *bytes;
  TensorProto fetched;
  if (is_external) {
    // No overflow: the elements take at most twice as many bytes there as they do here.
    RECTIFIER_ASSIGN_OR_RETURN(fetched,
                               FetchExternal(place, proto, *count * type->raw_size, external_));
  }
  RECTIFIER_ASSIGN_OR_RETURN(Tensor tensor, Tensor::Allocate({type->dtype, shape}));
  const int64_t misfit = type->fill(is_external ? fetched : proto, tensor);
  if (misfit >= 0) {
    return InvalidArgument(place, "element {} does not fit {}", misfit, Name(type->dtype));
  }
  if (type->dtype == DType::kFloat32 && !limits_.allow_nan) {
    RECTIFIER_RETURN_IF_ERROR(CheckNoNan(place, tensor));
  }
  return std::make_shared<const Tensor>(std::move(tensor));
}

std::optional<DType> ElementTypeOf(int onnx_type) {
  constexpr std::array kTypes = {
      std::pair{TensorProto::FLOAT, DType::kFloat32},
      std::pair{TensorProto::UINT8, DType::kUInt8},
      std::pair{TensorProto::INT8, DType::kInt8},
      std::pair{TensorProto::UINT16, DType::kUInt16},
      std::pair{TensorProto::INT16, DType::kInt16},
      std::pair{TensorProto::INT32, DType::kInt32},
      std::pair{TensorProto::INT64, DType::kInt64},
      std::pair{TensorProto::BOOL, DType::kBool},
      std::pair{TensorProto::FLOAT16, DType::kFloat16},
      std::pair{TensorProto::DOUBLE, DType::kFloat64},
      std::pair{TensorProto::UINT32, DType::kUInt32},
      std::pair{TensorProto::UINT64, DType::kUInt64},
      std::pair{TensorProto::BFLOAT16, DType::kBFloat16},
  };
  for (const auto& [onnx_element, dtype] : kTypes) {
    if (onnx_element == onnx_type) return dtype;
  }
  return std::nullopt;
}

std::optional<DType> ElementTypeNamed(std::string_view name) {
  TensorProto::DataType type{};
  if (!TensorProto::DataType_Parse(std::string(name), &type)) return std::nullopt;
  return ElementTypeOf(type);
}

std::string ElementTypeName(int onnx_type) {
  if (!TensorProto::DataType_IsValid(onnx_type)) return std::to_string(onnx_type);
  return TensorProto::DataType_Name(static_cast<TensorProto::DataType>(onnx_type));
}

}  // namespace rectifier
