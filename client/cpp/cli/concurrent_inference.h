#pragma once

#include <chrono>
#include <vector>

#include "absl/status/statusor.h"
#include "rectifier/client.h"

namespace rectifier::client::cli {

struct TimedResponse {
  InferResponse response;
  std::chrono::nanoseconds latency{};
};

// Sends `requests`, at most `concurrency` of them in flight, and waits for all. The responses come
// in the requests' order. The first error stops the sending and is the result.
absl::StatusOr<std::vector<TimedResponse>> InferAll(const Client& client,
                                                    std::vector<InferRequest> requests,
                                                    int concurrency);

}  // namespace rectifier::client::cli
