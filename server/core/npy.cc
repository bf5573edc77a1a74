#include "server/core/npy.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>

#include "server/core/status.h"

namespace rectifier {
namespace {

constexpr std::string_view kMagic("\x93NUMPY", 6);

struct NpyType {
  std::string_view descr;
  DType dtype;
};
constexpr std::array kTypes = {
    NpyType{"<f4", DType::kFloat32}, NpyType{"<f8", DType::kFloat64},
    NpyType{"<f2", DType::kFloat16}, NpyType{"<i8", DType::kInt64},
    NpyType{"<i4", DType::kInt32},   NpyType{"<i2", DType::kInt16},
    NpyType{"|i1", DType::kInt8},    NpyType{"<u8", DType::kUInt64},
    NpyType{"<u4", DType::kUInt32},  NpyType{"<u2", DType::kUInt16},
    NpyType{"|u1", DType::kUInt8},   NpyType{"|b1", DType::kBool},
};

// Without the characters of `blanks` at both ends.
std::string Trimmed(const std::string& text, std::string_view blanks) {
  const size_t first = text.find_first_not_of(blanks);
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// The text after "'key':" up to `end`, trimmed; nullopt when the key is absent.
std::optional<std::string> HeaderField(const std::string& header, std::string_view key, char end) {
  const size_t at = header.find("'" + std::string(key) + "'");
  if (at == std::string::npos) return std::nullopt;
  const size_t colon = header.find(':', at);
  if (colon == std::string::npos) return std::nullopt;
  const size_t stop = header.find(end, colon);
  if (stop == std::string::npos) return std::nullopt;
  return Trimmed(header.substr(colon + 1, stop - colon - 1), " '(");
}

absl::StatusOr<TensorType> ParseHeader(const std::string& place, const std::string& header) {
  const auto descr = HeaderField(header, "descr", ',');
  const auto order = HeaderField(header, "fortran_order", ',');
  auto dims = HeaderField(header, "shape", ')');
  if (!descr || !order || !dims) return InvalidArgument(place, "the npy header cannot be read");
  if (*order != "False") return InvalidArgument(place, "expected C order, got Fortran order");
  const auto* type = std::find_if(kTypes.begin(), kTypes.end(),
                                  [&](const NpyType& t) { return t.descr == *descr; });
  if (type == kTypes.end()) {
    return InvalidArgument(place, "element type '{}' is not supported", descr->substr(0, 64));
  }
  TensorType result{type->dtype, {}};
  for (size_t at = 0; at < dims->size();) {
    size_t comma = std::min(dims->find(',', at), dims->size());
    const std::string digits = Trimmed(dims->substr(at, comma - at), " ");
    at = comma + 1;
    if (digits.empty()) continue;
    if (digits.size() > 18 || digits.find_first_not_of("0123456789") != std::string::npos) {
      return InvalidArgument(place, "'{}' is not a dimension", digits.substr(0, 64));
    }
    if (result.shape.rank() == kMaxRank) {
      return InvalidArgument(place, "more than {} dimensions", kMaxRank);
    }
    result.shape.push_back(std::stoll(digits));
  }
  return result;
}

}  // namespace

absl::StatusOr<Tensor> ReadNpy(const std::filesystem::path& path) {
  const std::string place = path.string();
  std::ifstream file(path, std::ios::binary);
  if (!file) return NotFound(place, "cannot be opened");
  std::array<char, 8> lead{};
  if (!file.read(lead.data(), lead.size()) || std::string_view(lead.data(), 6) != kMagic) {
    return InvalidArgument(place, "not a .npy file");
  }
  const int major = static_cast<unsigned char>(lead[6]);
  if (major < 1 || major > 3) {
    return InvalidArgument(place, "npy format {} is not supported", major);
  }
  const int length_bytes = major == 1 ? 2 : 4;
  std::array<unsigned char, 4> length_field{};
  file.read(reinterpret_cast<char*>(length_field.data()), length_bytes);
  const size_t header_length =
      static_cast<size_t>(length_field[0]) | static_cast<size_t>(length_field[1]) << 8 |
      static_cast<size_t>(length_field[2]) << 16 | static_cast<size_t>(length_field[3]) << 24;
  constexpr size_t kMaxHeader = 1 << 16;
  if (!file || header_length > kMaxHeader)
    return InvalidArgument(place, "the npy header is damaged");
  std::string header(header_length, '\0');
  if (!file.read(header.data(), static_cast<std::streamsize>(header_length))) {
    return InvalidArgument(place, "the npy header is cut short");
  }
  RECTIFIER_ASSIGN_OR_RETURN(const TensorType type, ParseHeader(place, header));
  const auto bytes = CheckedByteSize(type);
  if (!bytes.ok()) return At(place, bytes.status());

  // The size is compared with the file's before anything is allocated for it.
  const auto data_start = file.tellg();
  file.seekg(0, std::ios::end);
  const int64_t present = file.tellg() - data_start;
  if (present != *bytes) {
    return InvalidArgument(place, "expected {} bytes of data for shape {}, got {}", *bytes,
                           type.shape.ToString(), present);
  }
  file.seekg(data_start);
  RECTIFIER_ASSIGN_OR_RETURN(Tensor tensor, Tensor::Allocate(type));
  if (!file.read(reinterpret_cast<char*>(tensor.bytes().data()), *bytes)) {
    return InvalidArgument(place, "cannot be read to its end");
  }
  if (type.dtype == DType::kBool) {
    // Any other byte than 0 and 1 is no bool at all.
    for (std::byte& value : tensor.bytes()) value = std::byte{value != std::byte{0}};
  }
  return tensor;
}

absl::Status WriteNpy(const std::filesystem::path& path, const TensorView& tensor) {
  const std::string place = path.string();
  const auto* type = std::find_if(kTypes.begin(), kTypes.end(),
                                  [&](const NpyType& t) { return t.dtype == tensor.type.dtype; });
  if (type == kTypes.end()) {
    return InvalidArgument(place, "element type {} has no .npy form", Name(tensor.type.dtype));
  }
  std::string dims;
  for (const int64_t dim : tensor.type.shape.dims()) dims += std::to_string(dim) + ", ";
  std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", type->descr, dims);
  // Magic, version, length and header together are a multiple of 64 bytes, ending in a newline.
  constexpr size_t kLead = 10;
  header.append(63 - (kLead + header.size()) % 64, ' ');
  header += '\n';
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  const auto length = static_cast<uint16_t>(header.size());
  file << kMagic << '\x01' << '\0' << static_cast<char>(length & 0xff)
       << static_cast<char>(length >> 8) << header;
  file.write(reinterpret_cast<const char*>(tensor.bytes.data()),
             static_cast<std::streamsize>(tensor.bytes.size()));
  file.close();
  if (!file) return FailedPrecondition(place, "cannot be written");
  return absl::OkStatus();
}

}  // namespace rectifier
