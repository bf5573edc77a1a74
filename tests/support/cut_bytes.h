#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string_view>

#include "server/core/scattered_bytes.h"

namespace rectifier {

// `bytes` in pieces that end at `cuts`, which ascend.
inline ScatteredBytes CutAt(std::string_view bytes, std::initializer_list<size_t> cuts) {
  const auto whole = std::as_bytes(std::span(bytes));
  ScatteredBytes pieces;
  size_t begin = 0;
  for (const size_t cut : cuts) {
    pieces.Append(whole.subspan(begin, cut - begin));
    begin = cut;
  }
  pieces.Append(whole.subspan(begin));
  return pieces;
}

inline ScatteredBytes SingleBytes(std::string_view bytes) {
  ScatteredBytes pieces;
  for (const char& byte : bytes) pieces.Append(std::as_bytes(std::span(&byte, 1)));
  return pieces;
}

}  // namespace rectifier
