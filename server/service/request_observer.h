#pragma once

#include "absl/status/status.h"

namespace rectifier {

// What happens to inference requests of which no VersionObserver hears. Safe from any thread.
class RequestObserver {
 public:
  virtual ~RequestObserver() = default;
  // A request that named no known model; kept apart so that clients cannot grow the labels.
  virtual void OnRejected(absl::StatusCode code) = 0;
};

}  // namespace rectifier
