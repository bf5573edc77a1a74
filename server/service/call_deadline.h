#pragma once

#include <grpcpp/grpcpp.h>

#include "server/core/clock.h"

namespace rectifier {

// The call's deadline on the server's clock, of which `now` is the present; TimePoint::max(): none.
TimePoint CallDeadline(const grpc::ServerContext& context, TimePoint now);

}  // namespace rectifier
