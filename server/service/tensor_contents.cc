#include "server/service/tensor_contents.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "server/core/check.h"
#include "server/core/status.h"

namespace rectifier {
namespace {

using Contents = inference::InferTensorContents;
template <typename T>
using Getter = const google::protobuf::RepeatedField<T>& (Contents::*)() const;
template <typename T>
using Mutator = google::protobuf::RepeatedField<T>* (Contents::*)();

// A row for elements of type T that travel in a field of Wire, which is T or a wider integer.
template <typename T, typename Wire, Getter<Wire> kGet, Mutator<Wire> kMutable>
constexpr ContentsRow Row(std::string_view field) {
  return {
      .dtype = kDTypeOf<T>,
      .field = field,
      .count = [](const Contents& contents) { return (contents.*kGet)().size(); },
      .decode = [](const Contents& contents, std::span<std::byte> bytes) -> absl::Status {
        const auto& values = (contents.*kGet)();
        RECTIFIER_CHECK(bytes.size() == static_cast<size_t>(values.size()) * sizeof(T));
        if constexpr (std::is_same_v<T, Wire>) {
          if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
        } else {
          std::byte* out = bytes.data();
          for (const Wire value : values) {
            if (!std::in_range<T>(value)) {
              return InvalidArgument("contents", "{} is out of range", value);
            }
            const T element = static_cast<T>(value);
            std::memcpy(out, &element, sizeof(T));
            out += sizeof(T);
          }
        }
        return absl::OkStatus();
      },
      .encode =
          [](std::span<const std::byte> bytes, Contents& contents) {
            auto* values = (contents.*kMutable)();
            values->Resize(static_cast<int>(bytes.size() / sizeof(T)), Wire{});
            const std::byte* in = bytes.data();
            for (Wire& value : *values) {
              T element;
              std::memcpy(&element, in, sizeof(T));
              value = element;  // NOLINT(bugprone-signed-char-misuse): int8_t is a number here
              in += sizeof(T);
            }
          },
  };
}

constexpr std::array kRows = {
    Row<bool, bool, &Contents::bool_contents, &Contents::mutable_bool_contents>("bool_contents"),
    Row<int8_t, int32_t, &Contents::int_contents, &Contents::mutable_int_contents>("int_contents"),
    Row<int16_t, int32_t, &Contents::int_contents, &Contents::mutable_int_contents>("int_contents"),
    Row<int32_t, int32_t, &Contents::int_contents, &Contents::mutable_int_contents>("int_contents"),
    Row<int64_t, int64_t, &Contents::int64_contents, &Contents::mutable_int64_contents>(
        "int64_contents"),
    Row<uint8_t, uint32_t, &Contents::uint_contents, &Contents::mutable_uint_contents>(
        "uint_contents"),
    Row<uint16_t, uint32_t, &Contents::uint_contents, &Contents::mutable_uint_contents>(
        "uint_contents"),
    Row<uint32_t, uint32_t, &Contents::uint_contents, &Contents::mutable_uint_contents>(
        "uint_contents"),
    Row<uint64_t, uint64_t, &Contents::uint64_contents, &Contents::mutable_uint64_contents>(
        "uint64_contents"),
    Row<float, float, &Contents::fp32_contents, &Contents::mutable_fp32_contents>("fp32_contents"),
    Row<double, double, &Contents::fp64_contents, &Contents::mutable_fp64_contents>(
        "fp64_contents"),
    ContentsRow{.dtype = DType::kFloat16, .field = {}},
    ContentsRow{.dtype = DType::kBFloat16, .field = {}},
};

}  // namespace

const ContentsRow& ContentsOf(DType dtype) {
  const auto* row = std::find_if(kRows.begin(), kRows.end(),
                                 [&](const ContentsRow& r) { return r.dtype == dtype; });
  RECTIFIER_CHECK(row != kRows.end());
  return *row;
}

std::string_view OtherField(const Contents& contents, std::string_view field) {
  for (const ContentsRow& row : kRows) {
    if (row.count != nullptr && row.field != field && row.count(contents) > 0) return row.field;
  }
  return contents.bytes_contents_size() > 0 ? "bytes_contents" : std::string_view{};
}

}  // namespace rectifier
