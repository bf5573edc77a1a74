#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/batching/batching_policy.h"
#include "server/models/inference_request.h"
#include "server/models/inference_statistics.h"
#include "server/models/signature.h"

namespace rectifier {

// A Servable is one version of a model, ready to answer. An interface, so that the service can be
// tested without an engine.
//
// Threading: safe from any thread.
class Servable {
 public:
  virtual ~Servable() = default;

  virtual const std::string& name() const = 0;
  virtual const std::string& version() const = 0;
  virtual const ModelSignature& signature() const = 0;
  // How its requests are batched, with everything filled in.
  virtual const BatchingOptions& batching() const = 0;

  // Types of the outputs, in the signature's order, for a request of `samples` samples with inputs
  // of these shapes. INVALID_ARGUMENT for shapes that fit the signature, but not the network.
  virtual absl::StatusOr<std::vector<TensorType>> OutputTypes(
      int64_t samples, std::span<const Shape> input_shapes) const = 0;

  // Queues the request. On anything but OK, `done` is not called: RESOURCE_EXHAUSTED when the queue
  // is full, DEADLINE_EXCEEDED or CANCELLED when the request is over already, UNAVAILABLE while the
  // server shuts down.
  virtual absl::Status Submit(InferenceRequest request) = 0;

  // Of the requests that Submit() was called with. An answered one is in before `done` is called.
  virtual InferenceStatistics Statistics() const = 0;
};

}  // namespace rectifier
