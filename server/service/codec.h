#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/inference.pb.h"
#include "server/core/tensor.h"
#include "server/models/signature.h"
#include "server/service/byte_budget.h"

namespace rectifier {

// A ModelInferRequest that was found to fit a signature.
//
// Lifetime: `inputs` are views into the message that it was decoded from and into `converted`.
struct DecodedRequest {
  int64_t samples = 1;
  bool raw = false;                // the reply is to be raw too
  std::vector<TensorView> inputs;  // in the signature's order, elements aligned to their size
  std::vector<size_t> outputs;     // to answer: indices into the signature's, in the reply's order
  std::vector<Tensor> converted;   // what typed contents became
};

// Checks everything that a request can get wrong before it is queued. INVALID_ARGUMENT with the
// tensor, what was expected and what came: "input 'x': expected datatype FP32, got INT64".
// Parameters that the server does not know are passed over, except those that would change what the
// bytes mean.
absl::StatusOr<DecodedRequest> DecodeRequest(const inference::ModelInferRequest& request,
                                             const ModelSignature& signature);

// What stands in a message before a field of `length` bytes: its tag and its length.
std::string LengthPrefix(int field, uint64_t length);

// A Reply owns the memory that a model's outputs are written into, and makes the message of it.
// The signature outlives it.
class Reply {
 public:
  // `types`: of every output of the signature. RESOURCE_EXHAUSTED when those that the request wants
  // have more than `max_bytes` together.
  static absl::StatusOr<Reply> Allocate(const ModelSignature& signature,
                                        const DecodedRequest& request,
                                        const std::vector<TensorType>& types, int64_t max_bytes);

  // Every output of the signature, in its order; without bytes where it is not wanted.
  std::vector<MutableTensorView> outputs();

  // The reply on the wire; `header` comes with its names, version and id. Raw outputs are not
  // copied: their memory goes into the buffer, and with it `reserved`, which is given back when
  // gRPC has sent them. Call once. RESOURCE_EXHAUSTED when the message, with all its names, has
  // more than `max_bytes`.
  absl::StatusOr<grpc::ByteBuffer> Encode(inference::ModelInferResponse header,
                                          ByteBudget::Share reserved) &&;

 private:
  Reply(const ModelSignature& signature, const DecodedRequest& request,
        const std::vector<TensorType>& types, int64_t max_bytes)
      : signature_(&signature),
        max_bytes_(max_bytes),
        raw_(request.raw),
        wanted_(request.outputs),
        types_(types),
        tensors_(types.size()) {}

  const ModelSignature* signature_;
  int64_t max_bytes_;
  bool raw_;
  std::vector<size_t> wanted_;
  std::vector<TensorType> types_;
  std::vector<Tensor> tensors_;  // empty where the output is not wanted
};

}  // namespace rectifier
