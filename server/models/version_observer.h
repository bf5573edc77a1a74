#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "server/core/clock.h"
#include "server/models/inference_request.h"

namespace rectifier {

// What happens to the requests for one version of a model, for metrics. Safe from any thread.
class VersionObserver {
 public:
  virtual ~VersionObserver() = default;
  // A request for the version was received. Balanced by OnFinished().
  virtual void OnStarted() = 0;
  // `code` is the status answered, `total` from receipt to reply; `times` is null when the request
  // was never run.
  virtual void OnFinished(absl::StatusCode code, Duration total, const InferenceTimes* times) = 0;
};

// Where a registry has the observers of its versions from, so that a request need not look for its
// own. Safe from any thread.
class VersionObservers {
 public:
  virtual ~VersionObservers() = default;
  // Called when a version becomes known or changes its state. What it gives is let go of when the
  // version has gone and its requests are answered.
  virtual std::shared_ptr<VersionObserver> RequestsOf(const std::string& model,
                                                      const std::string& version) = 0;
};

}  // namespace rectifier
