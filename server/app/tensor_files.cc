#include "server/app/tensor_files.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "server/core/float_formats.h"
#include "server/core/status.h"

namespace rectifier {

absl::StatusOr<std::pair<std::string, std::string>> SplitAssignment(const std::string& text) {
  const size_t at = text.rfind('=');
  if (at == std::string::npos || at == 0 || at + 1 == text.size()) {
    return absl::InvalidArgumentError(fmt::format("expected NAME=VALUE, got '{}'", text));
  }
  return std::pair(text.substr(0, at), text.substr(at + 1));
}

absl::StatusOr<Shape> ParseShape(const std::string& text) {
  Shape shape;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find('x', at), text.size());
    int64_t dim = 0;
    const auto [stop, error] = std::from_chars(text.data() + at, text.data() + end, dim);
    if (error != std::errc() || stop != text.data() + end || dim < 1 || shape.rank() == kMaxRank) {
      return absl::InvalidArgumentError(
          fmt::format("expected a shape as 1x3x112x112, got '{}'", text));
    }
    shape.push_back(dim);
    at = end + 1;
  }
  return shape;
}

std::string OutputFileName(const std::string& output) {
  constexpr std::string_view kKept =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  std::string name = output;
  for (char& c : name) {
    if (kKept.find(c) == std::string_view::npos) c = '_';
  }
  return name + ".npy";
}

absl::StatusOr<Tensor> FloatsOfBFloats(const Tensor& tensor) {
  RECTIFIER_ASSIGN_OR_RETURN(Tensor floats, Tensor::Allocate({DType::kFloat32, tensor.shape()}));
  const std::byte* from = tensor.bytes().data();
  for (float& value : floats.data<float>()) {
    uint16_t bits = 0;
    std::memcpy(&bits, from, sizeof(bits));
    from += sizeof(bits);
    value = FloatFromBFloat(bits);
  }
  return floats;
}

absl::StatusOr<Tensor> BFloatsOfFloats(const Tensor& tensor) {
  RECTIFIER_ASSIGN_OR_RETURN(Tensor narrow, Tensor::Allocate({DType::kBFloat16, tensor.shape()}));
  std::byte* to = narrow.bytes().data();
  for (const float value : tensor.data<float>()) {
    const uint16_t bits = BFloatFromFloat(value);
    std::memcpy(to, &bits, sizeof(bits));
    to += sizeof(bits);
  }
  return narrow;
}

}  // namespace rectifier
