#pragma once

#include <string>

#include "absl/status/status.h"
#include "server/core/clock.h"
#include "server/models/inference_request.h"

namespace rectifier {

// What happens to inference requests, for metrics and logs. Safe from any thread.
class RequestObserver {
 public:
  virtual ~RequestObserver() = default;
  // A request was received for a version that the registry knows. Balanced by OnFinished().
  virtual void OnStarted(const std::string& model, const std::string& version) = 0;
  // `code` is the status answered, `total` from receipt to reply; `times` is null when the request
  // was never run.
  virtual void OnFinished(const std::string& model, const std::string& version,
                          absl::StatusCode code, Duration total, const InferenceTimes* times) = 0;
  // A request that named no known model; kept apart so that clients cannot grow the labels.
  virtual void OnRejected(absl::StatusCode code) = 0;
};

}  // namespace rectifier
