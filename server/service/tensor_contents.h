#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/core/dtype.h"
#include "server/core/scattered_bytes.h"

namespace rectifier {

// How tensors of one datatype travel. The table in tensor_contents.cc has a row for each datatype
// that the codec can carry; the signature says which of them a model takes.
//
// Typed contents are read from and written to the wire format itself: a parser's arrays would hold
// a small message's numbers in many times its bytes, and copy a large one's.
struct ContentsRow {
  DType dtype;

  // The rest is for typed contents, and empty for a datatype that travels as raw bytes only.
  std::string_view field;  // of InferTensorContents
  uint32_t number = 0;     // of the field; 0 for a datatype that has none
  // Writes the field's elements, packed or not, into `to`, which has room for as many as
  // CountElements() gives. INVALID_ARGUMENT for one that does not fit into the datatype, and for
  // what is no number at all.
  absl::Status (*decode)(const ScatteredBytes& contents, std::span<std::byte> to) = nullptr;
  // Bytes of the packed field's elements on the wire.
  size_t (*packed_size)(std::span<const std::byte> tensor) = nullptr;
  void (*append_packed)(std::span<const std::byte> tensor, std::string& to) = nullptr;
};

const ContentsRow& ContentsOf(DType dtype);

// Elements of the row's field in `contents`, an InferTensorContents in wire format that ScanWire()
// has accepted. INVALID_ARGUMENT when there are any in another field.
absl::StatusOr<int64_t> CountElements(const ContentsRow& row, const ScatteredBytes& contents);

}  // namespace rectifier
