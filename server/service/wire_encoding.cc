#include "server/service/wire_encoding.h"

namespace rectifier {
namespace {

uint64_t LengthTag(int field) { return static_cast<uint64_t>(field) << 3 | kLengthType; }

}  // namespace

size_t VarintSize(uint64_t value) {
  size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

void AppendVarint(uint64_t value, std::string& to) {
  for (; value >= 0x80; value >>= 7) to.push_back(static_cast<char>((value & 0x7F) | 0x80));
  to.push_back(static_cast<char>(value));
}

void AppendLengthPrefix(int field, uint64_t length, std::string& to) {
  AppendVarint(LengthTag(field), to);
  AppendVarint(length, to);
}

size_t FieldSize(int field, uint64_t length) {
  return VarintSize(LengthTag(field)) + VarintSize(length) + length;
}

}  // namespace rectifier
