#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "rectifier/client.h"

namespace rectifier::client {

// A channel to `target` with the retries, limits and credentials of `options`. INVALID_ARGUMENT for
// options that contradict themselves.
absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const std::string& target,
                                                           const ClientOptions& options);

// gRPC's service config of the channel, in JSON (github.com/grpc/grpc, service_config.proto).
std::string ServiceConfig(const ClientOptions& options);

}  // namespace rectifier::client
