#include "server/core/scattered_bytes.h"

#include <algorithm>
#include <cstring>

#include "server/core/check.h"

namespace rectifier {

ScatteredBytes ScatteredBytes::Range(size_t begin, size_t size) const {
  RECTIFIER_CHECK(begin <= size_ && size <= size_ - begin);
  ScatteredBytes range;
  for (const Piece piece : pieces_) {
    if (size == 0) break;
    if (begin >= piece.size()) {
      begin -= piece.size();
      continue;
    }
    const Piece here = piece.subspan(begin, std::min(size, piece.size() - begin));
    range.Append(here);
    size -= here.size();
    begin = 0;
  }
  return range;
}

void ScatteredBytes::CopyTo(std::span<std::byte> to) const {
  RECTIFIER_CHECK(to.size() == size_);
  std::byte* out = to.data();
  for (const Piece piece : pieces_) {
    std::memcpy(out, piece.data(), piece.size());
    out += piece.size();
  }
}

}  // namespace rectifier
