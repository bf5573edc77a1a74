#pragma once

#include <google/protobuf/arena.h>

#include <array>
#include <optional>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "proto/inference.pb.h"
#include "server/core/scattered_bytes.h"

namespace rectifier {

// A ModelInferRequest in the bytes that it was received in: its tensors stay where they lie, the
// rest is parsed.
//
// Lifetime: the bytes outlive it. Everything that it gives lives as long as it, the tensors' bytes
// as long as those.
class ParsedRequest {
 public:
  // The block is the arena's to write. NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init)
  ParsedRequest() : arena_(block_.data(), block_.size()) {}
  ParsedRequest(const ParsedRequest&) = delete;
  ParsedRequest& operator=(const ParsedRequest&) = delete;

  // INVALID_ARGUMENT when they are not a message that may be parsed. Call once, and the others
  // after it has returned OK.
  absl::Status Parse(const ScatteredBytes& bytes);

  // Without raw_input_contents, and its inputs without contents.
  const inference::ModelInferRequest& header() const { return *header_; }

  std::span<const ScatteredBytes> raw_input_contents() const { return raw_; }

  // Of the input with this index: an InferTensorContents in wire format, of which the structure
  // has been looked at, and lists of numbers have not. Nothing when the input has none.
  const std::optional<ScatteredBytes>& contents(int input) const {
    return contents_[static_cast<size_t>(input)];
  }

 private:
  // Most requests need no more memory than this.
  alignas(8) std::array<char, 2048> block_;
  google::protobuf::Arena arena_;
  inference::ModelInferRequest* header_ = nullptr;
  absl::InlinedVector<ScatteredBytes, 2> raw_;
  absl::InlinedVector<std::optional<ScatteredBytes>, 2> contents_;
};

// What is said of a message of which only the parser, or what stands for it, finds that it is none.
absl::Status CannotBeParsed(std::string_view message);

}  // namespace rectifier
