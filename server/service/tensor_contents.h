#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "proto/inference.pb.h"
#include "server/core/dtype.h"

namespace rectifier {

// How tensors of one datatype travel. The table in tensor_contents.cc has a row for each datatype
// that the codec can carry; the signature says which of them a model takes.
struct ContentsRow {
  DType dtype;

  // The rest is for typed contents, and empty for a datatype that travels as raw bytes only.
  std::string_view field;  // of InferTensorContents
  int (*count)(const inference::InferTensorContents&) = nullptr;
  // Writes the field's elements, count() of them, into `bytes`. INVALID_ARGUMENT for one that does
  // not fit into the datatype.
  absl::Status (*decode)(const inference::InferTensorContents&,
                         std::span<std::byte> bytes) = nullptr;
  void (*encode)(std::span<const std::byte> bytes, inference::InferTensorContents&) = nullptr;
};

const ContentsRow& ContentsOf(DType dtype);

// The name of a field of `contents` that has elements and is not `field`; empty when there is none.
std::string_view OtherField(const inference::InferTensorContents& contents, std::string_view field);

}  // namespace rectifier
