#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "proto/inference.pb.h"
#include "server/core/clock.h"

namespace rectifier {

// What the protocol gives a meaning among a request's parameters, of those that are honoured here.
struct ReservedParameters {
  uint64_t priority = 0;            // 1 is the most urgent; 0: the model's default
  std::optional<Duration> timeout;  // the reply is of no use later than this after receipt
};

// INVALID_ARGUMENT for a `priority` or a `timeout` (microseconds; 0 is none) that is no integer or
// is negative. Other parameters are passed over.
absl::StatusOr<ReservedParameters> ReadReservedParameters(
    const google::protobuf::Map<std::string, inference::InferParameter>& parameters);

}  // namespace rectifier
