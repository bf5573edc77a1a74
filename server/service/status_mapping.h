#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace rectifier {

// The status that a client is told: the one place where absl::Status becomes grpc::Status.
//
// The codes that a client can act on keep their number and their text, which is cut so that it fits
// into the trailers. Anything else is a bug of the server: the client gets INTERNAL with a fixed
// text and an id, the log gets the text with the same id.
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace rectifier
