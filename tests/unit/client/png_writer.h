#pragma once

#include <png.h>

#include <cstddef>
#include <string>
#include <vector>

namespace rectifier::client::testing {

// A PNG file to write. `rows` holds the pixels as the file packs them: several to a byte below 8
// bits, big-endian at 16.
struct PngFile {
  int width = 0;
  int height = 0;
  int color_type = PNG_COLOR_TYPE_GRAY;
  int bit_depth = 8;
  std::vector<std::vector<unsigned char>> rows = {};
  bool interlaced = false;
  std::vector<png_color> palette = {};
  std::vector<unsigned char> palette_alpha = {};
};

// The file's bytes.
inline std::string WritePng(PngFile file) {
  std::string bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(
      png, &bytes,
      [](png_structp writer, png_bytep data, size_t size) {
        static_cast<std::string*>(png_get_io_ptr(writer))
            ->append(reinterpret_cast<const char*>(data), size);
      },
      nullptr);
  png_set_IHDR(png, info, static_cast<png_uint_32>(file.width),
               static_cast<png_uint_32>(file.height), file.bit_depth, file.color_type,
               file.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (!file.palette.empty()) {
    png_set_PLTE(png, info, file.palette.data(), static_cast<int>(file.palette.size()));
  }
  if (!file.palette_alpha.empty()) {
    png_set_tRNS(png, info, file.palette_alpha.data(), static_cast<int>(file.palette_alpha.size()),
                 nullptr);
  }
  std::vector<png_bytep> rows;
  for (auto& row : file.rows) rows.push_back(row.data());
  png_set_rows(png, info, rows.data());
  png_write_png(png, info, PNG_TRANSFORM_IDENTITY, nullptr);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

}  // namespace rectifier::client::testing
