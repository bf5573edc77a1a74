#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/inference.pb.h"
#include "server/core/scattered_bytes.h"
#include "server/core/tensor.h"
#include "server/models/signature.h"
#include "server/service/byte_budget.h"
#include "server/service/parsed_request.h"

namespace rectifier {

// A ModelInferRequest that was found to fit a signature.
//
// Lifetime: `inputs` lie in the bytes that the request was received in, or in `converted`.
struct DecodedRequest {
  int64_t samples = 1;
  bool raw = false;                     // the reply is to be raw too
  std::vector<ScatteredTensor> inputs;  // in the signature's order
  std::vector<size_t> outputs;    // to answer: indices into the signature's, in the reply's order
  std::vector<Tensor> converted;  // what typed contents became
};

// Checks everything that a request can get wrong before it is queued. INVALID_ARGUMENT with the
// tensor, what was expected and what came: "input 'x': expected datatype FP32, got INT64".
// Parameters that the server does not know are passed over, except those that would change what the
// bytes mean.
absl::StatusOr<DecodedRequest> DecodeRequest(const ParsedRequest& request,
                                             const ModelSignature& signature);

// A Reply owns the memory that a model's outputs are written into, and makes the message of it.
// The signature outlives it.
class Reply {
 public:
  // Replies with no more bytes than this are written as one slice.
  static constexpr size_t kSmall = 4 << 10;

  // `types`: of every output of the signature. RESOURCE_EXHAUSTED when those that the request wants
  // have more than `max_bytes` together.
  static absl::StatusOr<Reply> Allocate(const ModelSignature& signature,
                                        const DecodedRequest& request,
                                        std::vector<TensorType> types, int64_t max_bytes);

  // Every output of the signature, in its order; without bytes where it is not wanted.
  std::vector<MutableTensorView> outputs();

  // The reply on the wire; `header` comes with its names, version and id. Raw outputs are not
  // copied unless they are small: their memory goes into the buffer, and with it `reserved`, which
  // is given back when gRPC has sent them. Call once. RESOURCE_EXHAUSTED when the message, with all
  // its names, has more than `max_bytes`.
  absl::StatusOr<grpc::ByteBuffer> Encode(const inference::ModelInferResponse& header,
                                          ByteBudget::Share reserved) &&;

 private:
  Reply(const ModelSignature& signature, const DecodedRequest& request,
        std::vector<TensorType> types, int64_t max_bytes)
      : signature_(&signature),
        max_bytes_(max_bytes),
        raw_(request.raw),
        wanted_(request.outputs),
        types_(std::move(types)),
        places_(types_.size()) {}

  // Of an output, in `memory_`.
  struct Place {
    size_t begin = 0;
    size_t size = 0;  // 0 where the output is not wanted
  };
  std::span<std::byte> BytesOf(size_t output) const {
    return {memory_.data() + places_[output].begin, places_[output].size};
  }
  // Bytes of an InferOutputTensor, and those of its contents (none of a raw one).
  struct EntrySize {
    size_t entry;
    size_t packed;
    size_t contents;
  };
  EntrySize SizeOfEntry(size_t output) const;
  void AppendEntry(size_t output, const EntrySize& size, std::string& to) const;
  // `text` is the message up to the raw outputs.
  grpc::ByteBuffer WithRawOutputs(std::string text, ByteBudget::Share reserved) &&;

  const ModelSignature* signature_;
  int64_t max_bytes_;
  bool raw_;
  std::vector<size_t> wanted_;
  std::vector<TensorType> types_;
  std::vector<Place> places_;
  AlignedBuffer memory_;  // of all wanted outputs
};

}  // namespace rectifier
