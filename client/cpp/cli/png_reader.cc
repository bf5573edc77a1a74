#include "client/cpp/cli/png_reader.h"

#include <png.h>

#include <array>
#include <bit>
#include <cstdio>
#include <cstring>

#include "client/cpp/cli/files.h"
#include "client/cpp/cli/text.h"
#include "server/core/status.h"

namespace rectifier::client::cli {
namespace {

// libpng leaves a function that fails by longjmp, which runs no destructor on its way. So whatever
// has one lives here, in the frame of the caller, and the functions that libpng is called from own
// nothing.
struct Decoder {
  std::span<const std::byte> bytes;
  size_t position = 0;
  std::array<char, 128> error{};
  png_structp png = nullptr;
  png_infop info = nullptr;
  png_uint_32 width = 0;
  png_uint_32 height = 0;
  int channels = 0;
  int bit_depth = 0;
  std::vector<png_byte> pixels;
  std::vector<png_bytep> rows;

  explicit Decoder(std::span<const std::byte> source) : bytes(source) {}
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  ~Decoder() { png_destroy_read_struct(&png, &info, nullptr); }
};

[[noreturn]] void OnError(png_structp png, png_const_charp message) {
  auto* decoder = static_cast<Decoder*>(png_get_error_ptr(png));
  std::snprintf(decoder->error.data(), decoder->error.size(), "%s", message);
  png_longjmp(png, 1);
}

void OnWarning(png_structp, png_const_charp) {}

void OnRead(png_structp png, png_bytep to, size_t length) {
  auto* decoder = static_cast<Decoder*>(png_get_io_ptr(png));
  if (length > decoder->bytes.size() - decoder->position) png_error(png, "the file is cut short");
  std::memcpy(to, decoder->bytes.data() + decoder->position, length);
  decoder->position += length;
}

bool ReadHeader(Decoder& decoder) {
  if (setjmp(png_jmpbuf(decoder.png))) return false;
  // The caller limits the size, with a clearer message.
  png_set_user_limits(decoder.png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_chunk_cache_max(decoder.png, 64);
  png_set_chunk_malloc_max(decoder.png, 1 << 20);
  // Damaged checksums are errors in every chunk, not only in the critical ones.
  png_set_crc_action(decoder.png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  png_set_read_fn(decoder.png, &decoder, OnRead);
  png_read_info(decoder.png, decoder.info);
  decoder.width = png_get_image_width(decoder.png, decoder.info);
  decoder.height = png_get_image_height(decoder.png, decoder.info);
  return true;
}

// libpng takes memory for rows here.
bool StartPixels(Decoder& decoder) {
  if (setjmp(png_jmpbuf(decoder.png))) return false;
  png_set_expand(decoder.png);  // palette → colour, 1 to 4 bits → 8, a transparent colour → alpha
  if constexpr (std::endian::native == std::endian::little) png_set_swap(decoder.png);
  png_set_interlace_handling(decoder.png);
  png_read_update_info(decoder.png, decoder.info);
  decoder.channels = png_get_channels(decoder.png, decoder.info);
  decoder.bit_depth = png_get_bit_depth(decoder.png, decoder.info);
  return true;
}

bool ReadPixels(Decoder& decoder) {
  if (setjmp(png_jmpbuf(decoder.png))) return false;
  png_read_image(decoder.png, decoder.rows.data());
  png_read_end(decoder.png, nullptr);
  return true;
}

Image ToImage(const Decoder& decoder) {
  Image image{
      static_cast<int>(decoder.width), static_cast<int>(decoder.height), decoder.channels, {}};
  const size_t count = static_cast<size_t>(decoder.width) * decoder.height * decoder.channels;
  image.values.resize(count);
  for (size_t i = 0; i < count; ++i) {
    if (decoder.bit_depth == 16) {
      uint16_t value = 0;
      std::memcpy(&value, &decoder.pixels[2 * i], sizeof(value));
      image.values[i] = static_cast<float>(value) / 257.0F;  // 65535 / 255
    } else {
      image.values[i] = decoder.pixels[i];
    }
  }
  return image;
}

}  // namespace

absl::StatusOr<Image> DecodePng(const std::string& place, std::span<const std::byte> bytes) {
  constexpr size_t kSignature = 8;
  if (bytes.size() < kSignature ||
      png_sig_cmp(reinterpret_cast<png_const_bytep>(bytes.data()), 0, kSignature) != 0) {
    return InvalidArgument(place, "not a PNG file");
  }
  Decoder decoder(bytes);
  const auto failed = [&] {
    return InvalidArgument(place, "damaged PNG: {}", Printable(decoder.error.data()));
  };
  decoder.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &decoder, OnError, OnWarning);
  if (decoder.png != nullptr) decoder.info = png_create_info_struct(decoder.png);
  if (decoder.info == nullptr) return Internal(place, "libpng does not start");

  if (!ReadHeader(decoder)) return failed();
  const int64_t pixels = int64_t{decoder.width} * decoder.height;
  if (pixels > kMaxPngPixels) {
    return InvalidArgument(place, "{}x{} is more than the {} pixels that are read", decoder.width,
                           decoder.height, kMaxPngPixels);
  }
  if (!StartPixels(decoder)) return failed();
  const size_t row_bytes = png_get_rowbytes(decoder.png, decoder.info);
  decoder.pixels.resize(row_bytes * decoder.height);
  for (size_t y = 0; y < decoder.height; ++y) {
    decoder.rows.push_back(&decoder.pixels[y * row_bytes]);
  }
  if (!ReadPixels(decoder)) return failed();
  return ToImage(decoder);
}

absl::StatusOr<Image> ReadPng(const std::filesystem::path& path) {
  RECTIFIER_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path, kMaxPngFileBytes));
  return DecodePng(path.string(), std::as_bytes(std::span(bytes)));
}

}  // namespace rectifier::client::cli
