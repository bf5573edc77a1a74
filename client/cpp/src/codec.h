#pragma once

#include "absl/status/statusor.h"
#include "proto/inference.pb.h"
#include "rectifier/client.h"

namespace rectifier::client {

// The public structs to the protocol's messages and back. Tensors travel in raw_input_contents and
// raw_output_contents only.

// Moves the tensors' bytes. INVALID_ARGUMENT for a tensor that contradicts itself.
absl::StatusOr<inference::ModelInferRequest> Encode(InferRequest request);

// Moves the outputs' bytes out of `response`. INTERNAL when there is not one raw entry an output,
// or one is not of the size that its shape says.
absl::StatusOr<InferResponse> Decode(inference::ModelInferResponse response);

ServerMetadata Decode(const inference::ServerMetadataResponse& response);
ModelMetadata Decode(const inference::ModelMetadataResponse& response);

}  // namespace rectifier::client
