#include "rectifier/tensor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace rectifier::client {

// Elements are copied to and from the wire as they are.
static_assert(std::endian::native == std::endian::little);

std::optional<size_t> ElementSize(std::string_view datatype) {
  using Entry = std::pair<std::string_view, size_t>;
  static constexpr std::array kSizes = {Entry{"BOOL", 1},   Entry{"UINT8", 1},  Entry{"UINT16", 2},
                                        Entry{"UINT32", 4}, Entry{"UINT64", 8}, Entry{"INT8", 1},
                                        Entry{"INT16", 2},  Entry{"INT32", 4},  Entry{"INT64", 8},
                                        Entry{"FP16", 2},   Entry{"BF16", 2},   Entry{"FP32", 4},
                                        Entry{"FP64", 8}};
  const auto found = std::find_if(kSizes.begin(), kSizes.end(),
                                  [&](const Entry& entry) { return entry.first == datatype; });
  if (found == kSizes.end()) return std::nullopt;
  return found->second;
}

std::string TypeName(std::string_view datatype, std::span<const int64_t> shape) {
  return fmt::format("{} [{}]", datatype, fmt::join(shape.begin(), shape.end(), ","));
}

absl::Status Tensor::CheckDatatype(std::string_view expected) const {
  if (datatype == expected) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("tensor '{}': expected datatype {}, got {}", name, expected, datatype));
}

absl::Status Tensor::Check() const {
  // The product of the dimensions must not overflow, but an empty tensor may have any.
  bool overflow = false;
  int64_t count = 1;
  for (const int64_t dim : shape) {
    if (dim < 0) {
      return absl::InvalidArgumentError(
          fmt::format("tensor '{}': {} has a negative dimension", name, TypeName(datatype, shape)));
    }
    overflow |= __builtin_mul_overflow(count, dim, &count);
  }
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) {
    overflow = false;
    count = 0;
  }
  if (datatype == "BYTES") return absl::OkStatus();
  const std::optional<size_t> element = ElementSize(datatype);
  if (!element) {
    return absl::InvalidArgumentError(
        fmt::format("tensor '{}': unknown datatype '{}'", name, datatype));
  }
  int64_t expected = 0;
  overflow |= __builtin_mul_overflow(count, static_cast<int64_t>(*element), &expected);
  if (overflow || static_cast<uint64_t>(expected) != bytes.size()) {
    return absl::InvalidArgumentError(
        fmt::format("tensor '{}': {} takes {} bytes, got {}", name, TypeName(datatype, shape),
                    overflow ? "too many" : fmt::to_string(expected), bytes.size()));
  }
  return absl::OkStatus();
}

}  // namespace rectifier::client
