#include "server/service/tensor_contents.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <type_traits>
#include <utility>

#include "server/core/check.h"
#include "server/core/status.h"
#include "server/service/wire_encoding.h"

namespace rectifier {
namespace {

// How one element of a field of InferTensorContents is written.
template <typename Wire>
constexpr WireType kWireTypeOf = std::is_same_v<Wire, float>    ? kFixed32Type
                                 : std::is_same_v<Wire, double> ? kFixed64Type
                                                                : kVarintType;

// The field that holds Wire elements.
struct ContentsField {
  std::string_view name;
  WireType element;
};

// By their numbers, from 1 on.
constexpr std::array kFields = {
    ContentsField{"bool_contents", kVarintType},   ContentsField{"int_contents", kVarintType},
    ContentsField{"int64_contents", kVarintType},  ContentsField{"uint_contents", kVarintType},
    ContentsField{"uint64_contents", kVarintType}, ContentsField{"fp32_contents", kFixed32Type},
    ContentsField{"fp64_contents", kFixed64Type},  ContentsField{"bytes_contents", kLengthType},
};

bool SkipScalar(uint32_t type, WireCursor& cursor, uint64_t end) {
  uint64_t value = 0;
  return type == kVarintType    ? cursor.ReadVarint(end, &value)
         : type == kFixed32Type ? cursor.Skip(4, end)
                                : cursor.Skip(8, end);
}

absl::Status Damaged() { return InvalidArgument("contents", "the message cannot be parsed"); }

// Calls `visit` for each field of `contents` with its number, how it is written, and the cursor at
// its value; for one of a length, `end` is where it ends. What `visit` does not read is skipped.
// False when `visit` is, or something is damaged.
template <typename Visit>
bool ForEachField(const ScatteredBytes& contents, const Visit& visit) {
  WireCursor cursor(contents);
  while (cursor.position() < cursor.size()) {
    uint64_t tag = 0;
    if (!cursor.ReadVarint(cursor.size(), &tag)) return false;
    const auto type = static_cast<uint32_t>(tag & 7);
    uint64_t end = cursor.size();
    if (type == kLengthType) {
      uint64_t length = 0;
      if (!cursor.ReadVarint(end, &length) || length > end - cursor.position()) return false;
      end = cursor.position() + length;
    }
    const uint64_t value = cursor.position();
    if (!visit(static_cast<uint32_t>(tag >> 3), type, cursor, end)) return false;
    if (type == kLengthType) {
      cursor.Skip(end - cursor.position(), end);
    } else if (cursor.position() == value && !SkipScalar(type, cursor, end)) {
      return false;
    }
  }
  return true;
}

// Calls `take` with each varint up to `end`. False when `take` is, or one is damaged.
template <typename Take>
bool ForEachVarint(WireCursor& cursor, uint64_t end, const Take& take) {
  while (cursor.position() < end) {
    // Those that certainly lie in this piece are read without asking at each byte.
    const ScatteredBytes::Piece here = cursor.Together(end);
    const auto* const begin = reinterpret_cast<const uint8_t*>(here.data());
    const uint8_t* const whole =
        begin + here.size() - std::min<size_t>(here.size(), kMaxVarintBytes - 1);
    const uint8_t* at = begin;
    while (at < whole) {
      uint64_t value = *at++;
      if (value >= 0x80) {
        value &= 0x7F;
        uint8_t byte = 0x80;
        for (int i = 1; byte >= 0x80; ++i) {
          byte = *at++;
          if (i == kMaxVarintBytes - 1 && byte > 1) return false;
          value |= static_cast<uint64_t>(byte & 0x7F) << (7 * i);
        }
      }
      if (!take(value)) return false;
    }
    cursor.Skip(static_cast<uint64_t>(at - begin), end);
    if (cursor.position() == end) break;
    uint64_t value = 0;
    if (!cursor.ReadVarint(end, &value) || !take(value)) return false;
  }
  return true;
}

// Of those up to `end`.
int64_t CountVarints(WireCursor cursor, uint64_t end) {
  int64_t count = 0;
  while (cursor.position() < end) {
    const ScatteredBytes::Piece here = cursor.Together(end);
    count +=
        std::count_if(here.begin(), here.end(), [](std::byte b) { return b < std::byte{0x80}; });
    cursor.Skip(here.size(), end);
  }
  return count;
}

// Writes elements of type T, each of which is T or a wider integer on the wire.
template <typename T, typename Wire>
class ElementWriter {
 public:
  explicit ElementWriter(std::span<std::byte> to) : to_(to) {}

  // All up to `end`. False when one is damaged or does not fit.
  bool TakePacked(WireCursor& cursor, uint64_t end) {
    if constexpr (kWireTypeOf<Wire> == kVarintType) {
      return ForEachVarint(cursor, end, [this](uint64_t value) { return TakeVarint(value); });
    } else {
      return Copy(cursor, end - cursor.position(), end);
    }
  }
  bool TakeOne(WireCursor& cursor, uint64_t end) {
    if constexpr (kWireTypeOf<Wire> == kVarintType) {
      uint64_t value = 0;
      return cursor.ReadVarint(end, &value) && TakeVarint(value);
    } else {
      return Copy(cursor, sizeof(T), end);
    }
  }

  // Why one was not taken.
  absl::Status Refusal() const {
    if (!too_large_) return Damaged();
    return InvalidArgument("contents", "{} is out of range", *too_large_);
  }

 private:
  // As protobuf has it, the low bits of what was sent.
  bool TakeVarint(uint64_t sent) {
    const auto value = static_cast<Wire>(sent);
    if constexpr (!std::is_same_v<T, Wire>) {
      if (!std::in_range<T>(value)) [[unlikely]] {
        too_large_ = value;
        return false;
      }
    }
    const auto element = static_cast<T>(value);
    std::memcpy(Next(sizeof(T)).data(), &element, sizeof(T));
    return true;
  }

  bool Copy(WireCursor& cursor, uint64_t size, uint64_t end) {
    if (size % sizeof(T) != 0 || size > end - cursor.position()) return false;
    cursor.Read(size).CopyTo(Next(size));
    return true;
  }

  std::span<std::byte> Next(uint64_t size) {
    RECTIFIER_CHECK(size <= to_.size());
    const std::span<std::byte> next = to_.first(size);
    to_ = to_.subspan(size);
    return next;
  }

  std::span<std::byte> to_;  // what is not written yet
  std::optional<Wire> too_large_;
};

template <typename T>
uint64_t AsVarint(const std::byte* element) {
  T value;
  std::memcpy(&value, element, sizeof(T));
  // Negative numbers are written with 64 bits, whatever the field's type.
  if constexpr (std::is_signed_v<T>) return static_cast<uint64_t>(static_cast<int64_t>(value));
  return static_cast<uint64_t>(value);
}

// A row for elements of type T that travel in the field `number`, which is of Wire elements.
template <typename T, typename Wire>
constexpr ContentsRow Row(uint32_t number) {
  return {
      .dtype = kDTypeOf<T>,
      .field = kFields[number - 1].name,
      .number = number,
      .decode = [](const ScatteredBytes& contents, std::span<std::byte> to) -> absl::Status {
        const uint32_t own = ContentsOf(kDTypeOf<T>).number;
        ElementWriter<T, Wire> writer(to);
        const bool taken = ForEachField(
            contents, [&](uint32_t field, uint32_t type, WireCursor& cursor, uint64_t end) {
              if (field != own) return true;
              if (type == kLengthType) return writer.TakePacked(cursor, end);
              return type != kWireTypeOf<Wire> || writer.TakeOne(cursor, end);
            });
        return taken ? absl::OkStatus() : writer.Refusal();
      },
      .packed_size = [](std::span<const std::byte> tensor) -> size_t {
        if constexpr (kWireTypeOf<Wire> != kVarintType || std::is_same_v<T, bool>) {
          return tensor.size();
        }
        size_t size = 0;
        for (size_t i = 0; i < tensor.size(); i += sizeof(T)) {
          size += VarintSize(AsVarint<T>(tensor.data() + i));
        }
        return size;
      },
      .append_packed =
          [](std::span<const std::byte> tensor, std::string& to) {
            if constexpr (kWireTypeOf<Wire> != kVarintType || std::is_same_v<T, bool>) {
              to.append(reinterpret_cast<const char*>(tensor.data()), tensor.size());
            } else {
              for (size_t i = 0; i < tensor.size(); i += sizeof(T)) {
                AppendVarint(AsVarint<T>(tensor.data() + i), to);
              }
            }
          },
  };
}

constexpr std::array kRows = {
    Row<bool, bool>(1),
    Row<int8_t, int32_t>(2),
    Row<int16_t, int32_t>(2),
    Row<int32_t, int32_t>(2),
    Row<int64_t, int64_t>(3),
    Row<uint8_t, uint32_t>(4),
    Row<uint16_t, uint32_t>(4),
    Row<uint32_t, uint32_t>(4),
    Row<uint64_t, uint64_t>(5),
    Row<float, float>(6),
    Row<double, double>(7),
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

absl::StatusOr<int64_t> CountElements(const ContentsRow& row, const ScatteredBytes& contents) {
  int64_t count = 0;
  size_t other = kFields.size();  // the first of the other fields that has elements
  const bool whole = ForEachField(
      contents, [&](uint32_t number, uint32_t type, const WireCursor& cursor, uint64_t end) {
        if (number == 0 || number > kFields.size()) return true;
        const WireType element = kFields[number - 1].element;
        const bool packed = type == kLengthType && element != kLengthType;
        if (!packed && type != element) return true;  // as good as unknown
        const uint64_t size = end - cursor.position();
        if (number != row.number) {
          if (!packed || size > 0) other = std::min<size_t>(other, number - 1);
        } else if (!packed) {
          ++count;
        } else if (element == kVarintType) {
          count += CountVarints(cursor, end);
        } else {
          count += static_cast<int64_t>(size / (element == kFixed32Type ? 4 : 8));
        }
        return true;
      });
  if (!whole) return Damaged();
  if (other == kFields.size()) return count;
  return absl::InvalidArgumentError(
      fmt::format("expected elements in {}, got {}", row.field, kFields[other].name));
}

}  // namespace rectifier
